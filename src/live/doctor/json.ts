/** A diagnosis as data, `nfwhy.doctor/1`. */
import { CAPABILITIES, type Facts, hasCapability, legacyTables, sysctlOf } from '../survey/facts.ts'
import type { Diagnosis } from './diagnose.ts'
import { LOG_SYSCTL } from './legacy.ts'
import { commandText, type Problem } from './problem.ts'
import type { Proof } from './prove.ts'
import { nameOf, rulesOf } from './rules.ts'

export interface Extra {
  /** What `--fix` ran. */
  fixed?: readonly { code: string; command: string; undo?: string; done: boolean; said?: string }[]
  proofs?: readonly Proof[]
}

export function diagnosisJson({ place, facts, problems }: Diagnosis, { fixed, proofs }: Extra = {}): object {
  return {
    schema: 'nfwhy.doctor/1',
    place: place.name,
    facts: shortFacts(facts),
    problems: problems.map(problemJson),
    ...(fixed ? { fixed } : {}),
    ...(proofs ? { proofs } : {}),
  }
}

function problemJson({ fix, ...problem }: Problem): object {
  if (!fix) return problem
  const { commands, undo, ...rest } = fix
  return {
    ...problem,
    fix: {
      ...rest,
      ...(commands ? { command: commandText(commands) } : {}),
      ...(undo ? { undo: commandText(undo) } : {}),
    },
  }
}

function shortFacts(facts: Facts): object {
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
