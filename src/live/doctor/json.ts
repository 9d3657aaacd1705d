/** A diagnosis as data, `nfwhy.doctor/1`. */
import { CAPABILITIES, type Facts, hasCapability, legacyTables, sysctlOf } from '../survey/facts.ts'
import type { TraceHost } from '../trace-host.ts'
import type { Diagnosis } from './diagnose.ts'
import { LOG_SYSCTL } from './legacy.ts'
import type { Mend, Problem } from './problem.ts'
import type { Proof } from './prove.ts'
import { nameOf, rulesOf } from './rules.ts'
import { typedText } from './typed.ts'

/** Why no trace appears on a machine: what keeps it from appearing, and the commands that mend it. */
export interface DoctorDocument {
  schema: 'nfwhy.doctor/1'
  /** The place that was examined: `this host`, or the command of `--via`. */
  place: string
  /** What was seen of it. */
  facts: ShortFacts
  /** The most important first. */
  problems: ProblemDocument[]
  /** What `--fix` ran. */
  fixed?: FixRun[]
  /** What `--prove` and `--prove-here` saw. */
  proofs?: readonly Proof[]
}

/** What `doctor --json` prints: a document, or a list of them if several `--via` were given. */
export type DoctorOutput = DoctorDocument | DoctorDocument[]

export interface ProblemDocument extends Omit<Problem, 'fix'> {
  fix?: MendDocument
}

/** What mends a problem. */
export interface MendDocument extends Omit<Mend, 'commands' | 'undo'> {
  /** The command to type, for a POSIX shell on this machine: with `--via`, whatever leads there is in it. Absent: a person has to do it by other means. */
  command?: string
  /** The command that takes it back. */
  undo?: string
}

/** A fix that was run. */
export interface FixRun {
  /** Of the problem. */
  code: string
  /** What was run. */
  command: string
  /** The command that takes it back. */
  undo?: string
  /** False: it failed. */
  done: boolean
  /** What it printed when it failed. */
  said?: string
}

/** What was seen of the place. An absent field is unknown. */
export interface ShortFacts {
  /** Its name for itself. */
  host?: string | undefined
  /** The kernel's release: `6.18.2`. */
  kernel?: string | undefined
  uid?: number | undefined
  /** The network namespace: `net:[4026531833]`. */
  namespace?: string | undefined
  /** `docker`, `podman` or `kubernetes`, if the shell runs in a container. */
  container?: string | undefined
  /** Capabilities that tracing may need and that are not held. */
  missingCapabilities: string[]
  /** What `PROGRAM -V` prints, by program. */
  versions: Record<string, string>
  /** Programs that were found. */
  programs: string[]
  /** Family and name of each nf_tables table. */
  nftTables?: readonly string[] | undefined
  /** Tables of iptables-legacy that the kernel has loaded. */
  legacyTables: { ip?: readonly string[] | undefined; ip6?: readonly string[] | undefined }
  /** The logger of each family (sysctl `net.netfilter.nf_log`). */
  loggers: { ip?: string | undefined; ip6?: string | undefined }
  /** The rules that trace packets. */
  traced: string[]
}

export function diagnosisJson(
  { place, facts, problems }: Diagnosis,
  { fixed, proofs }: Pick<DoctorDocument, 'fixed' | 'proofs'> = {},
): DoctorDocument {
  return {
    schema: 'nfwhy.doctor/1',
    place: place.name,
    facts: shortFacts(facts),
    problems: problems.map((problem) => problemJson(place, problem)),
    ...(fixed ? { fixed } : {}),
    ...(proofs ? { proofs } : {}),
  }
}

function problemJson(place: TraceHost, { fix, ...problem }: Problem): ProblemDocument {
  if (!fix) return problem
  const { commands, undo, ...rest } = fix
  return {
    ...problem,
    fix: {
      ...rest,
      ...(commands ? { command: typedText(place, commands) } : {}),
      ...(undo ? { undo: typedText(place, undo) } : {}),
    },
  }
}

function shortFacts(facts: Facts): ShortFacts {
  const { host, kernel, uid, namespace, container, nftTables, versions, programs } = facts
  return {
    host,
    kernel,
    uid,
    namespace,
    container,
    missingCapabilities: (Object.keys(CAPABILITIES) as (keyof typeof CAPABILITIES)[]).filter(
      (name) => hasCapability(facts, name) === false,
    ),
    versions: Object.fromEntries(versions),
    programs: [...programs.keys()],
    nftTables,
    legacyTables: { ip: legacyTables(facts, 'ip'), ip6: legacyTables(facts, 'ip6') },
    loggers: { ip: sysctlOf(facts, LOG_SYSCTL.ip), ip6: sysctlOf(facts, LOG_SYSCTL.ip6) },
    traced: rulesOf(facts).traces.map(nameOf),
  }
}
