//! Takes from a thread, and so from the child it starts, whatever a leash does not give.
//!
//! The kernel's rules for a thread are inherited by what that thread starts and cannot be loosened
//! again, so they are laid on a thread that does nothing but start the child.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Once, OnceLock};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::leash::Leash;

/// Where programs and what they load live; those that are there.
const SYSTEM: [&str; 13] = [
    "/usr",
    "/bin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/dev/urandom",
    "/dev/zero",
    // How many processors there are.
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
];
/// Where a child's input comes from when it gets none.
const NOTHING: &str = "/dev/null";
/// The newest of the kernel's rules that are known here; an older kernel applies those it has.
const RULES: ABI = ABI::V6;
/// System calls by x86's other name for them, if the kernel knows it (`__X32_SYSCALL_BIT`).
const X32: i64 = 0x4000_0000;

/// What a child has no use for: the network, by whichever door, and other processes, file systems
/// and the kernel's workings.
const REFUSED: [i64; 37] = [
    libc::SYS_socket,
    libc::SYS_socketpair,
    // Opens sockets without a call of its own.
    libc::SYS_io_uring_setup,
    // Landlock refuses signals to others too, but only from Linux 6.12 on.
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_process_madvise,
    libc::SYS_open_by_handle_at,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_mknodat,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_swapon,
    libc::SYS_reboot,
];

/// What the kernel was able to take from a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Files other than those of its leash.
    pub files: bool,
    /// Sockets.
    pub sockets: bool,
}

impl Held {
    /// What is missing, for the log.
    fn shortcoming(self) -> Option<&'static str> {
        match (self.files, self.sockets) {
            (true, true) => None,
            (false, true) => Some(
                "this kernel has no landlock (Linux 5.13, CONFIG_SECURITY_LANDLOCK, lsm=landlock): \
                 what keeps ffmpeg from files other than the one it is given is only its own lists \
                 of protocols and formats",
            ),
            (true, false) => Some(
                "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER): what keeps ffmpeg \
                 from the network is only its own list of protocols",
            ),
            (false, false) => Some(
                "this kernel has neither landlock nor seccomp filters: what keeps ffmpeg from \
                 other files and from the network is only its own lists of protocols and formats",
            ),
        }
    }

    /// Says in the log what is missing; once is enough.
    pub fn say_once(self) {
        static SAID: Once = Once::new();
        if let Some(shortcoming) = self.shortcoming() {
            SAID.call_once(|| tracing::warn!("{shortcoming}"));
        }
    }
}

/// Confines the calling thread, for good, to what `leash` gives; it must be one that then starts
/// `program` and ends. Fails rather than to hold less than this kernel can.
pub(super) fn confine_this_thread(leash: &Leash, program: &Path) -> io::Result<Held> {
    rustix::thread::set_no_new_privs(true)?;
    if leash.niceness != 0 {
        // Of a process Linux understands one thread here: the calling one.
        rustix::process::setpriority_process(None, leash.niceness)?;
    }
    let files = keep_to_files(leash, program)?;
    let sockets = refuse_calls()?;
    Ok(Held { files, sockets })
}

fn keep_to_files(leash: &Leash, program: &Path) -> io::Result<bool> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let run = read | AccessFs::Execute;
    let own = with_its_libraries(program);
    let reads = opened(&leash.reads)?;
    let writes = opened(&leash.writes)?;
    let confine = || -> Result<_, RulesetError> {
        Ruleset::default()
            .handle_access(AccessFs::from_all(RULES))?
            .handle_access(AccessNet::from_all(RULES))?
            .scope(Scope::from_all(RULES))?
            .create()?
            .add_rules(path_beneath_rules(SYSTEM, run))?
            .add_rules(path_beneath_rules(&own, run))?
            .add_rules(path_beneath_rules([NOTHING], read | AccessFs::WriteFile))?
            .add_rules(rules(reads, read))?
            .add_rules(rules(writes, read | writing()))?
            .restrict_self()
    };
    let status = confine().map_err(io::Error::other)?;
    let there = matches!(status.landlock, LandlockStatus::Available { .. });
    if there && status.ruleset == RulesetStatus::NotEnforced {
        return Err(io::Error::other(
            "landlock does not hold, although it is there",
        ));
    }
    Ok(there)
}

/// A program from elsewhere brings its libraries along, in `lib` beside the folder it is in.
fn with_its_libraries(program: &Path) -> Vec<PathBuf> {
    let real = program
        .canonicalize()
        .unwrap_or_else(|_| program.to_owned());
    let around = real.parent().and_then(Path::parent);
    let libraries = around.map(|around| around.join("lib"));
    libraries.into_iter().chain([real]).collect()
}

/// Plain files and folders; no links, which would have others read what a child may not, and no
/// devices.
fn writing() -> BitFlags<AccessFs> {
    AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
}

/// An open handle to each of `paths`, and whether it is a folder.
fn opened(paths: &[PathBuf]) -> io::Result<Vec<(PathFd, bool)>> {
    let open = |path: &PathBuf| {
        let is_dir = path.metadata()?.is_dir();
        Ok((PathFd::new(path).map_err(io::Error::other)?, is_dir))
    };
    paths.iter().map(open).collect()
}

fn rules(
    paths: Vec<(PathFd, bool)>,
    access: BitFlags<AccessFs>,
) -> impl Iterator<Item = Result<PathBeneath<PathFd>, RulesetError>> {
    paths.into_iter().map(move |(path, is_dir)| {
        let of_file = AccessFs::from_file(RULES);
        let access = if is_dir { access } else { access & of_file };
        Ok(PathBeneath::new(path, access))
    })
}

fn refuse_calls() -> io::Result<bool> {
    let Some(filter) = filter() else {
        return Ok(false);
    };
    match seccompiler::apply_filter(filter) {
        Ok(()) => Ok(true),
        Err(seccompiler::Error::Seccomp(error) | seccompiler::Error::Prctl(error))
            if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS)) =>
        {
            Ok(false)
        }
        Err(error) => Err(io::Error::other(error)),
    }
}

/// The filter as the kernel reads it; none for processors that the compiler of filters does not know.
fn filter() -> Option<&'static BpfProgram> {
    static FILTER: OnceLock<Option<BpfProgram>> = OnceLock::new();
    FILTER
        .get_or_init(|| {
            let processor = std::env::consts::ARCH.try_into().ok()?;
            let mut refused: BTreeMap<_, _> =
                REFUSED.iter().map(|&call| (call, Vec::new())).collect();
            // A process may look up and change its own limits.
            let others = SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, 0);
            let others = SeccompRule::new(vec![others.ok()?]).ok()?;
            refused.insert(libc::SYS_prlimit64, vec![others]);
            if cfg!(target_arch = "x86_64") {
                refused.extend(REFUSED.iter().map(|&call| (call | X32, Vec::new())));
            }
            let errno = u32::try_from(libc::EPERM).ok()?;
            let refuse = SeccompAction::Errno(errno);
            SeccompFilter::new(refused, SeccompAction::Allow, refuse, processor)
                .ok()?
                .try_into()
                .ok()
        })
        .as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_kernel_lacks_is_said() {
        let said = |files, sockets| Held { files, sockets }.shortcoming();
        assert_eq!(said(true, true), None);
        assert!(said(false, true).unwrap().contains("no landlock"));
        assert!(said(true, false).unwrap().contains("no seccomp"));
        assert!(
            said(false, false)
                .unwrap()
                .contains("neither landlock nor seccomp")
        );
    }

    #[test]
    fn the_filter_can_be_made_for_this_processor() {
        assert!(filter().is_some_and(|program| program.len() > REFUSED.len()));
    }
}
