/**
 * The system calls that Docker's default seccomp profile (github.com/moby/profiles, seccomp/default.json) allows to a
 * container with Docker's default capabilities, by theme. A name that another architecture does not have does nothing.
 */
const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const ALLOWED_SYSCALLS: readonly string[] = words(`
  access chdir chmod chown chown32 close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fchdir
  fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 getcwd getdents getdents64 ioctl lchown lchown32
  link linkat lseek _llseek mkdir mkdirat mknod mknodat name_to_handle_at open openat openat2 read readv readlink
  readlinkat rename renameat renameat2 rmdir symlink symlinkat truncate truncate64 ftruncate ftruncate64 umask unlink
  unlinkat write writev pread64 preadv preadv2 pwrite64 pwritev pwritev2
  stat stat64 lstat lstat64 fstat fstat64 fstatat64 newfstatat statx statfs statfs64 fstatfs fstatfs64 statmount
  listmount utime utimes futimesat utimensat utimensat_time64
  fadvise64 fadvise64_64 fallocate fdatasync fsync flock readahead sendfile sendfile64 splice tee vmsplice sync syncfs
  sync_file_range
  getxattr lgetxattr fgetxattr getxattrat setxattr lsetxattr fsetxattr setxattrat listxattr llistxattr flistxattr
  listxattrat removexattr lremovexattr fremovexattr removexattrat
  fanotify_mark inotify_add_watch inotify_init inotify_init1 inotify_rm_watch
  epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait epoll_wait_old eventfd
  eventfd2 poll ppoll ppoll_time64 select _newselect pselect6 pselect6_time64 pipe pipe2
  io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit ioprio_get ioprio_set
  brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2 mlockall mmap mmap2 mprotect
  mremap mseal msync munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect process_mrelease remap_file_pages
  execve execveat exit exit_group fork vfork wait4 waitid waitpid kill tkill tgkill pause nanosleep restart_syscall
  pidfd_open pidfd_send_signal prctl ptrace process_vm_readv process_vm_writev rseq seccomp uretprobe
  riscv_hwprobe landlock_add_rule landlock_create_ruleset landlock_restrict_self
  futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake get_robust_list set_robust_list set_tid_address
  get_thread_area set_thread_area
  rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
  rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack signalfd signalfd4 sigprocmask sigreturn
  getpid getppid gettid getpgid getpgrp getsid setpgid setsid getuid getuid32 geteuid geteuid32 getgid getgid32
  getegid getegid32 getresuid getresuid32 getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32
  setreuid setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid
  setfsgid32 setgroups setgroups32 capget capset
  getpriority setpriority getrlimit ugetrlimit setrlimit prlimit64 getrusage getcpu sysinfo times uname
  sched_getaffinity sched_getattr sched_getparam sched_get_priority_max sched_get_priority_min sched_getscheduler
  sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
  sched_setscheduler sched_yield
  adjtimex clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime clock_gettime64
  clock_nanosleep clock_nanosleep_time64 gettimeofday time alarm getitimer setitimer timer_create timer_delete
  timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 timerfd_create timerfd_gettime
  timerfd_gettime64 timerfd_settime timerfd_settime64
  accept accept4 bind connect getpeername getsockname getsockopt setsockopt listen recv recvfrom recvmmsg
  recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto shutdown socketcall socketpair
  ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64
  mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop semtimedop_time64 shmat shmctl shmdt shmget
  getrandom cachestat chroot
`);

/** More of them, by the architecture that has them (Go's name of the build machine). */
export const ARCHITECTURE_SYSCALLS: Readonly<Record<string, readonly string[]>> = {
  amd64: words('arch_prctl modify_ldt'),
  '386': words('modify_ldt'),
  arm64: words('arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls'),
  arm: words('arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls'),
  ppc64le: words('sync_file_range2 swapcontext'),
  s390x: words('s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr'),
  riscv64: words('riscv_flush_icache'),
};

/**
 * Those it refuses, which answer "operation not permitted". Anything in neither list answers "not implemented", so that
 * a program falls back when it meets a system call newer than the libseccomp of this machine.
 */
export const REFUSED_SYSCALLS: readonly string[] = words(`
  mount umount umount2 mount_setattr move_mount open_tree fsconfig fsmount fsopen fspick pivot_root setns unshare
  bpf perf_event_open fanotify_init lookup_dcookie quotactl quotactl_fd syslog vhangup acct reboot kexec_load
  kexec_file_load swapon swapoff init_module finit_module delete_module create_module query_module get_kernel_syms
  setdomainname sethostname settimeofday stime clock_settime clock_settime64 open_by_handle_at
  kcmp pidfd_getfd process_madvise userfaultfd iopl ioperm vm86 vm86old
  get_mempolicy set_mempolicy set_mempolicy_home_node mbind move_pages migrate_pages
  add_key keyctl request_key io_uring_setup io_uring_enter io_uring_register
  nfsservctl uselib ustat sysfs _sysctl lsm_get_self_attr lsm_list_modules lsm_set_self_attr
`);

/** Those that change owners, identities and capabilities: without effect, but successful, where one id is mapped. */
export const OWNERSHIP_SYSCALLS: readonly string[] = words(`
  chown chown32 fchown fchown32 fchownat lchown lchown32 setuid setuid32 setgid setgid32 setreuid setreuid32
  setregid setregid32 setresuid setresuid32 setresgid setresgid32 setfsuid setfsuid32 setfsgid setfsgid32
  setgroups setgroups32 capset
`);

/** Socket address families the profile leaves out (linux/socket.h), up to the last it knows. */
export const REFUSED_SOCKET_FAMILIES: readonly number[] = [12, 19, 20, 23, 25, 34, 37, 38, 40];
export const LAST_SOCKET_FAMILY = 45;

/** personality(2) values it allows: plain Linux, 32-bit, with an old uname, and the question. */
export const ALLOWED_PERSONALITIES: readonly number[] = [0, 8, 0x20000, 0x20008, 0xffffffff];
