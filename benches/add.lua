-- Cart adds for wrk: five articles, by every customer whose token is in $WORK/access.

local articles = 5
local requests, sent = {}, 0

function init()
  local tokens = {}
  for token in io.lines(os.getenv("WORK") .. "/access") do tokens[#tokens + 1] = token end
  for article = 1, articles do
    for _, token in ipairs(tokens) do
      local headers = {
        ["Authorization"] = "Bearer " .. token,
        ["Content-Type"] = "application/json",
      }
      local body = string.format('{"article_id":%d,"quantity":1}', article)
      requests[#requests + 1] = wrk.format("POST", "/api/cart/items", headers, body)
    end
  end
end

function request()
  sent = sent + 1
  return requests[(sent - 1) % #requests + 1]
end
