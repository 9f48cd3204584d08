//! Finds which module of a crate imports which.

use super::source::Source;

/// A module as its names from the root of its crate, which has none.
pub(super) type Module = Vec<String>;

/// The names that a path inside this repository may use for the root of its crate.
const ROOTS: [&str; 2] = ["crate", "microshop"];

/// One module that names another of the same crate, in a `use` or in an inline path.
pub(super) struct Import {
    pub(super) from: Module,
    pub(super) to: Module,
    /// The file and line of the path.
    pub(super) place: String,
}

/// Returns the imports between the modules of the crate whose sources are in the folder.
pub(super) fn imports(tree: &[Source], folder: &str) -> Vec<Import> {
    let modules = modules(tree, folder);
    let mut found = Vec::new();
    for (from, source) in &modules {
        for (line, path) in source.paths() {
            let to = resolve(from, &path, &modules).filter(|to| to != from);
            let place = format!("{}:{line}", source.path);
            found.extend(to.map(|to| Import { from: from.clone(), to, place }));
        }
    }
    found
}

/// Returns the modules of a crate that have a file of their own, with their sources.
pub(super) fn modules<'a>(tree: &'a [Source], folder: &str) -> Vec<(Module, &'a Source)> {
    let own = tree.iter().filter(|source| source.is_program());
    own.filter_map(|source| Some((module(&source.path, folder)?, source))).collect()
}

fn module(path: &str, folder: &str) -> Option<Module> {
    let stem = path.strip_prefix(folder)?.strip_prefix('/')?.strip_suffix(".rs")?;
    let names = stem.split('/').filter(|_| stem != "lib");
    Some(names.map(str::to_owned).collect())
}

/// Returns the module that a path in `from` leads to, or `None` if it leads out of the crate.
fn resolve(from: &Module, path: &str, modules: &[(Module, &Source)]) -> Option<Module> {
    let (first, rest) = path.split_once("::")?;
    let mut module = match first {
        "self" => from.clone(),
        "super" => parent(from),
        root => ROOTS.contains(&root).then(Module::new)?,
    };
    for name in rest.split("::") {
        if name == "super" {
            module = parent(&module);
            continue;
        }
        module.push(name.to_owned());
        if !modules.iter().any(|(known, _)| *known == module) {
            module.pop();
            break;
        }
    }
    Some(module)
}

fn parent(module: &Module) -> Module {
    module.split_last().map(|(_, before)| before.to_vec()).unwrap_or_default()
}
