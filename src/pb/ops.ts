// Generated from ops.proto by scripts/generate-pb.ts: do not edit.
import { type FieldTable, codec } from './codec.ts';

export type NetMode = 'UNSET' | 'HOST' | 'NONE';
export type SecurityMode = 'SANDBOX' | 'INSECURE';
export type MountType = 'BIND' | 'SECRET' | 'SSH' | 'CACHE' | 'TMPFS';
export type MountContentCache = 'DEFAULT' | 'ON' | 'OFF';
export type CacheSharingOpt = 'SHARED' | 'PRIVATE' | 'LOCKED';

export interface Op {
  readonly inputs: readonly Input[];
  readonly platform?: Platform;
  readonly constraints?: WorkerConstraints;
  readonly op?:
    | { readonly kind: 'exec'; readonly value: ExecOp }
    | { readonly kind: 'source'; readonly value: SourceOp }
    | { readonly kind: 'file'; readonly value: FileOp }
    | { readonly kind: 'build'; readonly value: BuildOp }
    | { readonly kind: 'merge'; readonly value: MergeOp }
    | { readonly kind: 'diff'; readonly value: DiffOp }
    | { readonly kind: 'passthrough'; readonly value: PassthroughOp };
}

export interface Platform {
  readonly Architecture: string;
  readonly OS: string;
  readonly Variant: string;
  readonly OSVersion: string;
  readonly OSFeatures: readonly string[];
}

export interface Input {
  readonly digest: string;
  readonly index: number;
}

export interface WorkerConstraints {
  readonly filter: readonly string[];
}

export interface ExecOp {
  readonly meta?: Meta;
  readonly mounts: readonly Mount[];
  readonly network: NetMode;
  readonly security: SecurityMode;
  readonly secretenv: readonly SecretEnv[];
  readonly cdiDevices: readonly CDIDevice[];
}

export interface Meta {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly proxyEnv?: ProxyEnv;
  readonly extraHosts: readonly HostIP[];
  readonly hostname: string;
  readonly ulimit: readonly Ulimit[];
  readonly cgroupParent: string;
  readonly removeMountStubsRecursive: boolean;
  readonly validExitCodes: readonly number[];
}

export interface HostIP {
  readonly Host: string;
  readonly IP: string;
}

export interface Ulimit {
  readonly Name: string;
  readonly Soft: number;
  readonly Hard: number;
}

export interface ProxyEnv {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly ftpProxy: string;
  readonly noProxy: string;
  readonly allProxy: string;
}

export interface SecretEnv {
  readonly ID: string;
  readonly name: string;
  readonly optional: boolean;
}

export interface CDIDevice {
  readonly name: string;
  readonly optional: boolean;
}

export interface Mount {
  readonly input: number;
  readonly selector: string;
  readonly dest: string;
  readonly output: number;
  readonly readonly: boolean;
  readonly mountType: MountType;
  readonly TmpfsOpt?: TmpfsOpt;
  readonly cacheOpt?: CacheOpt;
  readonly secretOpt?: SecretOpt;
  readonly SSHOpt?: SSHOpt;
  readonly resultID: string;
  readonly contentCache: MountContentCache;
}

export interface TmpfsOpt {
  readonly size: number;
}

export interface CacheOpt {
  readonly ID: string;
  readonly sharing: CacheSharingOpt;
}

export interface SecretOpt {
  readonly ID: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

export interface SSHOpt {
  readonly ID: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

export interface SourceOp {
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface BuildOp {
  readonly builder: number;
  readonly inputs: Readonly<Record<string, BuildInput>>;
  readonly def?: Definition;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface BuildInput {
  readonly input: number;
}

export interface FileOp {
  readonly actions: readonly FileAction[];
}

export interface FileAction {
  readonly input: number;
  readonly secondaryInput: number;
  readonly output: number;
  readonly action?:
    | { readonly kind: 'copy'; readonly value: FileActionCopy }
    | { readonly kind: 'mkfile'; readonly value: FileActionMkFile }
    | { readonly kind: 'mkdir'; readonly value: FileActionMkDir }
    | { readonly kind: 'rm'; readonly value: FileActionRm }
    | { readonly kind: 'symlink'; readonly value: FileActionSymlink };
}

export interface FileActionCopy {
  readonly src: string;
  readonly dest: string;
  readonly owner?: ChownOpt;
  readonly mode: number;
  readonly followSymlink: boolean;
  readonly dirCopyContents: boolean;
  readonly attemptUnpackDockerCompatibility: boolean;
  readonly createDestPath: boolean;
  readonly allowWildcard: boolean;
  readonly allowEmptyWildcard: boolean;
  readonly timestamp: bigint;
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly alwaysReplaceExistingDestPaths: boolean;
  readonly modeStr: string;
  readonly requiredPaths: readonly string[];
}

export interface FileActionMkFile {
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly owner?: ChownOpt;
  readonly timestamp: bigint;
}

export interface FileActionSymlink {
  readonly oldpath: string;
  readonly newpath: string;
  readonly owner?: ChownOpt;
  readonly timestamp: bigint;
}

export interface FileActionMkDir {
  readonly path: string;
  readonly mode: number;
  readonly makeParents: boolean;
  readonly owner?: ChownOpt;
  readonly timestamp: bigint;
}

export interface FileActionRm {
  readonly path: string;
  readonly allowNotFound: boolean;
  readonly allowWildcard: boolean;
}

export interface ChownOpt {
  readonly user?: UserOpt;
  readonly group?: UserOpt;
}

export interface UserOpt {
  readonly user?:
    | { readonly kind: 'byName'; readonly value: NamedUserOpt }
    | { readonly kind: 'byID'; readonly value: number };
}

export interface NamedUserOpt {
  readonly name: string;
  readonly input: number;
}

export interface MergeOp {
  readonly inputs: readonly MergeInput[];
}

export interface MergeInput {
  readonly input: number;
}

export interface DiffOp {
  readonly lower?: LowerDiffInput;
  readonly upper?: UpperDiffInput;
}

export interface LowerDiffInput {
  readonly input: number;
}

export interface UpperDiffInput {
  readonly input: number;
}

export interface PassthroughOp {
  readonly id: string;
  readonly outputs: readonly number[];
}

export interface Definition {
  readonly def: readonly Uint8Array[];
  readonly metadata: Readonly<Record<string, OpMetadata>>;
  readonly Source?: Source;
}

export interface OpMetadata {
  readonly ignoreCache: boolean;
  readonly description: Readonly<Record<string, string>>;
  readonly exportCache?: ExportCache;
  readonly caps: Readonly<Record<string, boolean>>;
  readonly progressGroup?: ProgressGroup;
  readonly linuxResources?: LinuxResources;
}

export interface ExportCache {
  readonly Value: boolean;
}

export interface ProgressGroup {
  readonly id: string;
  readonly name: string;
  readonly weak: boolean;
}

export interface LinuxResources {
  readonly memory: number;
  readonly memorySwap: number;
  readonly cpuShares: number;
  readonly cpuPeriod: number;
  readonly cpuQuota: number;
  readonly cpusetCpus: string;
  readonly cpusetMems: string;
}

export interface Source {
  readonly locations: Readonly<Record<string, Locations>>;
  readonly infos: readonly SourceInfo[];
}

export interface Locations {
  readonly locations: readonly Location[];
}

export interface SourceInfo {
  readonly filename: string;
  readonly data: Uint8Array;
  readonly definition?: Definition;
  readonly language: string;
}

export interface Location {
  readonly sourceIndex: number;
  readonly ranges: readonly Range[];
}

export interface Range {
  readonly start?: Position;
  readonly end?: Position;
}

export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Every message by its name. */
export interface Messages {
  readonly Op: Op;
  readonly Platform: Platform;
  readonly Input: Input;
  readonly WorkerConstraints: WorkerConstraints;
  readonly ExecOp: ExecOp;
  readonly Meta: Meta;
  readonly HostIP: HostIP;
  readonly Ulimit: Ulimit;
  readonly ProxyEnv: ProxyEnv;
  readonly SecretEnv: SecretEnv;
  readonly CDIDevice: CDIDevice;
  readonly Mount: Mount;
  readonly TmpfsOpt: TmpfsOpt;
  readonly CacheOpt: CacheOpt;
  readonly SecretOpt: SecretOpt;
  readonly SSHOpt: SSHOpt;
  readonly SourceOp: SourceOp;
  readonly BuildOp: BuildOp;
  readonly BuildInput: BuildInput;
  readonly FileOp: FileOp;
  readonly FileAction: FileAction;
  readonly FileActionCopy: FileActionCopy;
  readonly FileActionMkFile: FileActionMkFile;
  readonly FileActionSymlink: FileActionSymlink;
  readonly FileActionMkDir: FileActionMkDir;
  readonly FileActionRm: FileActionRm;
  readonly ChownOpt: ChownOpt;
  readonly UserOpt: UserOpt;
  readonly NamedUserOpt: NamedUserOpt;
  readonly MergeOp: MergeOp;
  readonly MergeInput: MergeInput;
  readonly DiffOp: DiffOp;
  readonly LowerDiffInput: LowerDiffInput;
  readonly UpperDiffInput: UpperDiffInput;
  readonly PassthroughOp: PassthroughOp;
  readonly Definition: Definition;
  readonly OpMetadata: OpMetadata;
  readonly ExportCache: ExportCache;
  readonly ProgressGroup: ProgressGroup;
  readonly LinuxResources: LinuxResources;
  readonly Source: Source;
  readonly Locations: Locations;
  readonly SourceInfo: SourceInfo;
  readonly Location: Location;
  readonly Range: Range;
  readonly Position: Position;
}

const ENUMS: Readonly<Record<string, readonly string[]>> = {
  NetMode: ['UNSET', 'HOST', 'NONE'],
  SecurityMode: ['SANDBOX', 'INSECURE'],
  MountType: ['BIND', 'SECRET', 'SSH', 'CACHE', 'TMPFS'],
  MountContentCache: ['DEFAULT', 'ON', 'OFF'],
  CacheSharingOpt: ['SHARED', 'PRIVATE', 'LOCKED'],
};

const FIELDS: Readonly<Record<keyof Messages, FieldTable>> = {
  Op: [
    [1, 'inputs', 'Input', 'repeated'],
    [10, 'platform', 'Platform'],
    [11, 'constraints', 'WorkerConstraints'],
    [2, 'exec', 'ExecOp', 'oneof op'],
    [3, 'source', 'SourceOp', 'oneof op'],
    [4, 'file', 'FileOp', 'oneof op'],
    [5, 'build', 'BuildOp', 'oneof op'],
    [6, 'merge', 'MergeOp', 'oneof op'],
    [7, 'diff', 'DiffOp', 'oneof op'],
    [8, 'passthrough', 'PassthroughOp', 'oneof op'],
  ],
  Platform: [
    [1, 'Architecture', 'string'],
    [2, 'OS', 'string'],
    [3, 'Variant', 'string'],
    [4, 'OSVersion', 'string'],
    [5, 'OSFeatures', 'string', 'repeated'],
  ],
  Input: [
    [1, 'digest', 'string'],
    [2, 'index', 'int64 number'],
  ],
  WorkerConstraints: [[1, 'filter', 'string', 'repeated']],
  ExecOp: [
    [1, 'meta', 'Meta'],
    [2, 'mounts', 'Mount', 'repeated'],
    [3, 'network', 'NetMode'],
    [4, 'security', 'SecurityMode'],
    [5, 'secretenv', 'SecretEnv', 'repeated'],
    [6, 'cdiDevices', 'CDIDevice', 'repeated'],
  ],
  Meta: [
    [1, 'args', 'string', 'repeated'],
    [2, 'env', 'string', 'repeated'],
    [3, 'cwd', 'string'],
    [4, 'user', 'string'],
    [5, 'proxyEnv', 'ProxyEnv'],
    [6, 'extraHosts', 'HostIP', 'repeated'],
    [7, 'hostname', 'string'],
    [9, 'ulimit', 'Ulimit', 'repeated'],
    [10, 'cgroupParent', 'string'],
    [11, 'removeMountStubsRecursive', 'bool'],
    [12, 'validExitCodes', 'int32', 'repeated'],
  ],
  HostIP: [
    [1, 'Host', 'string'],
    [2, 'IP', 'string'],
  ],
  Ulimit: [
    [1, 'Name', 'string'],
    [2, 'Soft', 'int64 number'],
    [3, 'Hard', 'int64 number'],
  ],
  ProxyEnv: [
    [1, 'httpProxy', 'string'],
    [2, 'httpsProxy', 'string'],
    [3, 'ftpProxy', 'string'],
    [4, 'noProxy', 'string'],
    [5, 'allProxy', 'string'],
  ],
  SecretEnv: [
    [1, 'ID', 'string'],
    [2, 'name', 'string'],
    [3, 'optional', 'bool'],
  ],
  CDIDevice: [
    [1, 'name', 'string'],
    [2, 'optional', 'bool'],
  ],
  Mount: [
    [1, 'input', 'int64 number'],
    [2, 'selector', 'string'],
    [3, 'dest', 'string'],
    [4, 'output', 'int64 number'],
    [5, 'readonly', 'bool'],
    [6, 'mountType', 'MountType'],
    [19, 'TmpfsOpt', 'TmpfsOpt'],
    [20, 'cacheOpt', 'CacheOpt'],
    [21, 'secretOpt', 'SecretOpt'],
    [22, 'SSHOpt', 'SSHOpt'],
    [23, 'resultID', 'string'],
    [24, 'contentCache', 'MountContentCache'],
  ],
  TmpfsOpt: [[1, 'size', 'int64 number']],
  CacheOpt: [
    [1, 'ID', 'string'],
    [2, 'sharing', 'CacheSharingOpt'],
  ],
  SecretOpt: [
    [1, 'ID', 'string'],
    [2, 'uid', 'uint32'],
    [3, 'gid', 'uint32'],
    [4, 'mode', 'uint32'],
    [5, 'optional', 'bool'],
  ],
  SSHOpt: [
    [1, 'ID', 'string'],
    [2, 'uid', 'uint32'],
    [3, 'gid', 'uint32'],
    [4, 'mode', 'uint32'],
    [5, 'optional', 'bool'],
  ],
  SourceOp: [
    [1, 'identifier', 'string'],
    [2, 'attrs', 'string', 'map'],
  ],
  BuildOp: [
    [1, 'builder', 'int64 number'],
    [2, 'inputs', 'BuildInput', 'map'],
    [3, 'def', 'Definition'],
    [4, 'attrs', 'string', 'map'],
  ],
  BuildInput: [[1, 'input', 'int64 number']],
  FileOp: [[2, 'actions', 'FileAction', 'repeated']],
  FileAction: [
    [1, 'input', 'int64 number'],
    [2, 'secondaryInput', 'int64 number'],
    [3, 'output', 'int64 number'],
    [4, 'copy', 'FileActionCopy', 'oneof action'],
    [5, 'mkfile', 'FileActionMkFile', 'oneof action'],
    [6, 'mkdir', 'FileActionMkDir', 'oneof action'],
    [7, 'rm', 'FileActionRm', 'oneof action'],
    [8, 'symlink', 'FileActionSymlink', 'oneof action'],
  ],
  FileActionCopy: [
    [1, 'src', 'string'],
    [2, 'dest', 'string'],
    [3, 'owner', 'ChownOpt'],
    [4, 'mode', 'int32'],
    [5, 'followSymlink', 'bool'],
    [6, 'dirCopyContents', 'bool'],
    [7, 'attemptUnpackDockerCompatibility', 'bool'],
    [8, 'createDestPath', 'bool'],
    [9, 'allowWildcard', 'bool'],
    [10, 'allowEmptyWildcard', 'bool'],
    [11, 'timestamp', 'int64'],
    [12, 'includePatterns', 'string', 'repeated'],
    [13, 'excludePatterns', 'string', 'repeated'],
    [14, 'alwaysReplaceExistingDestPaths', 'bool'],
    [15, 'modeStr', 'string'],
    [16, 'requiredPaths', 'string', 'repeated'],
  ],
  FileActionMkFile: [
    [1, 'path', 'string'],
    [2, 'mode', 'int32'],
    [3, 'data', 'bytes'],
    [4, 'owner', 'ChownOpt'],
    [5, 'timestamp', 'int64'],
  ],
  FileActionSymlink: [
    [1, 'oldpath', 'string'],
    [2, 'newpath', 'string'],
    [3, 'owner', 'ChownOpt'],
    [4, 'timestamp', 'int64'],
  ],
  FileActionMkDir: [
    [1, 'path', 'string'],
    [2, 'mode', 'int32'],
    [3, 'makeParents', 'bool'],
    [4, 'owner', 'ChownOpt'],
    [5, 'timestamp', 'int64'],
  ],
  FileActionRm: [
    [1, 'path', 'string'],
    [2, 'allowNotFound', 'bool'],
    [3, 'allowWildcard', 'bool'],
  ],
  ChownOpt: [
    [1, 'user', 'UserOpt'],
    [2, 'group', 'UserOpt'],
  ],
  UserOpt: [
    [1, 'byName', 'NamedUserOpt', 'oneof user'],
    [2, 'byID', 'uint32', 'oneof user'],
  ],
  NamedUserOpt: [
    [1, 'name', 'string'],
    [2, 'input', 'int64 number'],
  ],
  MergeOp: [[1, 'inputs', 'MergeInput', 'repeated']],
  MergeInput: [[1, 'input', 'int64 number']],
  DiffOp: [
    [1, 'lower', 'LowerDiffInput'],
    [2, 'upper', 'UpperDiffInput'],
  ],
  LowerDiffInput: [[1, 'input', 'int64 number']],
  UpperDiffInput: [[1, 'input', 'int64 number']],
  PassthroughOp: [
    [1, 'id', 'string'],
    [2, 'outputs', 'int64 number', 'repeated'],
  ],
  Definition: [
    [1, 'def', 'bytes', 'repeated'],
    [2, 'metadata', 'OpMetadata', 'map'],
    [3, 'Source', 'Source'],
  ],
  OpMetadata: [
    [1, 'ignoreCache', 'bool'],
    [2, 'description', 'string', 'map'],
    [4, 'exportCache', 'ExportCache'],
    [5, 'caps', 'bool', 'map'],
    [6, 'progressGroup', 'ProgressGroup'],
    [7, 'linuxResources', 'LinuxResources'],
  ],
  ExportCache: [[1, 'Value', 'bool']],
  ProgressGroup: [
    [1, 'id', 'string'],
    [2, 'name', 'string'],
    [3, 'weak', 'bool'],
  ],
  LinuxResources: [
    [1, 'memory', 'int64 number'],
    [2, 'memorySwap', 'int64 number'],
    [3, 'cpuShares', 'uint64 number'],
    [4, 'cpuPeriod', 'uint64 number'],
    [5, 'cpuQuota', 'int64 number'],
    [6, 'cpusetCpus', 'string'],
    [7, 'cpusetMems', 'string'],
  ],
  Source: [
    [1, 'locations', 'Locations', 'map'],
    [2, 'infos', 'SourceInfo', 'repeated'],
  ],
  Locations: [[1, 'locations', 'Location', 'repeated']],
  SourceInfo: [
    [1, 'filename', 'string'],
    [2, 'data', 'bytes'],
    [3, 'definition', 'Definition'],
    [4, 'language', 'string'],
  ],
  Location: [
    [1, 'sourceIndex', 'int32'],
    [2, 'ranges', 'Range', 'repeated'],
  ],
  Range: [
    [1, 'start', 'Position'],
    [2, 'end', 'Position'],
  ],
  Position: [
    [1, 'line', 'int32'],
    [2, 'character', 'int32'],
  ],
};

export const { encode, decode } = codec<Messages>(FIELDS, ENUMS);
