/** Every cause, one line each; the order is that in which a person should look at problems of the same severity. */
import type { Cause } from '../problem.ts'
import { bothBackends } from './both-backends.ts'
import { bridged } from './bridged.ts'
import { consoleFlood } from './console-flood.ts'
import { flowOffload } from './flow-offload.ts'
import { iptablesNfTables } from './iptables-nf-tables.ts'
import { kernelLogRefused } from './kernel-log-refused.ts'
import { leftover } from './leftover.ts'
import { logDaemon } from './log-daemon.ts'
import { loggerHeld } from './logger-held.ts'
import { moduleMissing } from './module-missing.ts'
import { namespaceLog } from './namespace-log.ts'
import { neverArrives } from './never-arrives.ts'
import { noCapability } from './no-capability.ts'
import { noLogger } from './no-logger.ts'
import { noTool } from './no-tool.ts'
import { noTraceRule } from './no-trace-rule.ts'
import { nobodyListens } from './nobody-listens.ts'
import { traceBehind } from './trace-behind.ts'
import { traceCut } from './trace-cut.ts'
import { traceFamily } from './trace-family.ts'
import { traceHook } from './trace-hook.ts'
import { traceLate } from './trace-late.ts'
import { traceOther } from './trace-other.ts'
import { traceUnreached } from './trace-unreached.ts'

export const CAUSES: readonly Cause[] = [
  noCapability,
  noTool,
  moduleMissing,
  noTraceRule,
  iptablesNfTables,
  nobodyListens,
  noLogger,
  loggerHeld,
  namespaceLog,
  kernelLogRefused,
  logDaemon,
  traceUnreached,
  traceBehind,
  traceFamily,
  traceHook,
  traceOther,
  neverArrives,
  traceLate,
  flowOffload,
  bridged,
  traceCut,
  bothBackends,
  consoleFlood,
  leftover,
]
