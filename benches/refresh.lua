-- Refreshes for wrk: of every token in $WORK/refresh, then of its successors.

local tokens = {}

function init()
  for token in io.lines(os.getenv("WORK") .. "/refresh") do tokens[#tokens + 1] = token end
end

function request()
  local body = string.format('{"refresh_token":"%s"}', table.remove(tokens, 1))
  return wrk.format("POST", "/auth/refresh", { ["Content-Type"] = "application/json" }, body)
end

function response(_, _, body)
  tokens[#tokens + 1] = body:match('"refresh_token":"([^"]+)"')
end
