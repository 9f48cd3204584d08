//! The processes of the servers: memory, termination, and the limit of open files.

use std::process::Child;

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};

/// Raises the limit of open files to `wanted`, or to the hard limit if that is lower, and returns
/// the new limit. Child processes inherit it.
pub(crate) fn raise_file_limit(wanted: usize) -> usize {
    let hard_limit = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: Some(wanted as u64),
        maximum: hard_limit.map(|limit| limit.max(wanted as u64)),
    };
    if setrlimit(Resource::Nofile, raised).is_err() {
        let highest = Rlimit { current: hard_limit, maximum: hard_limit };
        setrlimit(Resource::Nofile, highest).unwrap();
    }
    getrlimit(Resource::Nofile).current.map_or(wanted, |files| files as usize)
}

/// Returns the resident memory of a process, in KiB.
pub(crate) fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    resident.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Sends SIGTERM to a process and waits until it has ended.
pub(crate) fn stop(process: &mut Child) {
    kill_process(Pid::from_child(process), Signal::TERM).unwrap();
    process.wait().unwrap();
}
