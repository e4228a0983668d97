//! Seccomp: system calls that no build, linter or test needs and that widen what can be attacked.

use std::collections::BTreeMap;

use libc::{EACCES, ENOSYS, EPERM};
use seccompiler::{
    SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is, SeccompCondition as Condition,
    SeccompFilter, SeccompRule as Rule, sock_filter,
};

use super::failure::{Failure, Step};

/// Always `EPERM`.
const DENIED: &[i64] = &[
    // other processes
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_pidfd_getfd,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
    // kernel facilities with a long list of holes
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
    libc::SYS_perf_event_open,
    libc::SYS_memfd_secret,
    libc::SYS_fanotify_init,
    libc::SYS_open_by_handle_at,
    libc::SYS_lookup_dcookie,
    libc::SYS_syslog,
    // mounts and namespaces
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_setns,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_mount_setattr,
    // the machine
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_vhangup,
    libc::SYS_nfsservctl,
];

#[cfg(target_arch = "x86_64")]
const DENIED_HERE: &[i64] = &[
    libc::SYS_kexec_file_load,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_ustat,
    libc::SYS_sysfs,
    libc::SYS__sysctl,
];
#[cfg(not(target_arch = "x86_64"))]
const DENIED_HERE: &[i64] = &[];

/// `ENOSYS`: callers then use the older call, whose arguments a filter can see, or do without.
const ABSENT: &[i64] = &[
    libc::SYS_clone3,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

const NEW_NAMESPACE: [i32; 8] = [
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWTIME,
];

/// `ioctl`s that type into a terminal.
const TYPING: [u64; 2] = [libc::TIOCSTI, libc::TIOCLINUX];

/// Which sockets a program may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sockets {
    /// In a network namespace of its own: local ones, and IP that leads nowhere.
    Own,
    /// On the host's network: connected pairs only.
    Pairs,
}

type Rules = BTreeMap<i64, Vec<Rule>>;

/// Restricts this thread and all that it starts, for good.
pub(super) fn restrict(sockets: Sockets) -> Result<(), Failure> {
    let mut denied: Rules = DENIED
        .iter()
        .chain(DENIED_HERE)
        .map(|call| (*call, vec![]))
        .collect();
    namespaces(&mut denied)?;
    let typing = TYPING.map(|request| rule(&[(1, Is::Eq, request)]));
    denied.insert(
        libc::SYS_ioctl,
        typing.into_iter().collect::<Result<_, _>>()?,
    );
    let absent = ABSENT.iter().map(|call| (*call, vec![])).collect();
    let mut closed = Rules::new();
    match sockets {
        Sockets::Own => own_network(&mut closed)?,
        Sockets::Pairs => pairs_only(&mut closed)?,
    }
    for (rules, error) in [(absent, ENOSYS), (closed, EACCES), (denied, EPERM)] {
        apply(rules, error)?;
    }
    foreign_calls()
}

fn namespaces(denied: &mut Rules) -> Result<(), Failure> {
    let mut asked = Vec::new();
    for flag in NEW_NAMESPACE.map(i32::cast_unsigned).map(u64::from) {
        asked.push(rule(&[(0, Is::MaskedEq(flag), flag)])?);
    }
    denied.insert(libc::SYS_unshare, asked.clone());
    // The low byte of clone's flags is the exit signal; CLONE_NEWTIME lies in it.
    asked.pop();
    denied.insert(libc::SYS_clone, asked);
    Ok(())
}

fn own_network(closed: &mut Rules) -> Result<(), Failure> {
    let families = [
        libc::AF_UNIX,
        libc::AF_INET,
        libc::AF_INET6,
        libc::AF_NETLINK,
    ];
    let other = families.map(|family| (0, Is::Ne, u64::from(family.cast_unsigned())));
    closed.insert(libc::SYS_socket, vec![rule(&other)?]);
    Ok(())
}

/// A datagram pair could be connected anew, or send to any path: only stream-like pairs.
fn pairs_only(closed: &mut Rules) -> Result<(), Failure> {
    const KIND: u64 = 0xf;
    let datagram = Is::MaskedEq(KIND);
    for call in [
        libc::SYS_socket,
        libc::SYS_connect,
        libc::SYS_bind,
        libc::SYS_listen,
    ] {
        closed.insert(call, vec![]);
    }
    let kinds = [libc::SOCK_DGRAM, libc::SOCK_RAW, libc::SOCK_RDM];
    let mut rules = vec![rule(&[(
        0,
        Is::Ne,
        u64::from(libc::AF_UNIX.cast_unsigned()),
    )])?];
    for kind in kinds.map(|kind| u64::from(kind.cast_unsigned())) {
        rules.push(rule(&[(1, datagram.clone(), kind)])?);
    }
    closed.insert(libc::SYS_socketpair, rules);
    Ok(())
}

/// All conditions together: (argument, comparison, value), looking at the lower 32 bits, which
/// is all that the kernel looks at in these calls.
fn rule(conditions: &[(u8, Is, u64)]) -> Result<Rule, Failure> {
    let mut all = Vec::new();
    for (argument, comparison, value) in conditions {
        let condition = Condition::new(*argument, Length::Dword, comparison.clone(), *value);
        all.push(condition.step("seccomp")?);
    }
    Rule::new(all).step("seccomp")
}

fn apply(rules: Rules, error: i32) -> Result<(), Failure> {
    let arch = std::env::consts::ARCH.try_into().step("seccomp")?;
    let refused = SeccompAction::Errno(error.cast_unsigned());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refused, arch).step("seccomp")?;
    let program: Vec<sock_filter> = filter.try_into().step("seccomp")?;
    seccompiler::apply_filter(&program).step("seccomp")
}

/// The x32 calls of `x86_64` have numbers of their own (bit 30) that would slip past the list; calls
/// of other architectures already end the process. Linux, `Documentation/userspace-api/seccomp_filter`.
fn foreign_calls() -> Result<(), Failure> {
    const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
    const AT_LEAST: u16 = 0x35; // BPF_JMP | BPF_JGE | BPF_K
    const RETURN: u16 = 0x06; // BPF_RET | BPF_K
    const ALLOW: u32 = 0x7fff_0000;
    const ERRNO: u32 = 0x0005_0000;
    let instruction = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    let program = [
        instruction(LOAD, 0, 0, 0),
        instruction(AT_LEAST, 0, 1, 0x4000_0000),
        instruction(RETURN, 0, 0, ERRNO | ENOSYS.cast_unsigned()),
        instruction(RETURN, 0, 0, ALLOW),
    ];
    seccompiler::apply_filter(&program).step("seccomp")
}
