/** Which pod of a node leads to the node's own network: one that is there already, with a shell. None is made. */

import { command, printCommand } from '../../model/command.ts'
import { UserError } from '../../model/user-error.ts'
import { LiveProblem } from '../problem.ts'
import { parseVia, runScript } from '../trace-host.ts'
import type { Cluster, Container, Pod } from './cluster.ts'

/** A way to a node, as --via takes it. */
export interface Carrier {
  node: string
  /** `kube-system/kube-proxy-7xk2p`. */
  pod: string
  container: string
  via: string
}

interface Candidate {
  pod: Pod
  container: Container
  /** Goes on into the node's own files, where its own programs are. */
  isNode: boolean
}

/** Seconds for a shell to answer. */
const SECONDS = 15
/** Pods that are tried. */
const MOST_TRIED = 8
/** Enters the node by its first process, which a pod with the node's processes sees. */
const NODE = ['nsenter', '-t', '1', '-m', '-n', '--']
/** Says nothing where a program that reads rules is there. */
const HAS_TOOLS =
  'command -v nft >/dev/null || command -v iptables-save >/dev/null || command -v iptables-legacy-save >/dev/null'

/** Rejects with LiveProblem, which says what was tried and what helps. */
export async function carrierOf(
  node: string,
  cluster: Cluster,
  kubectl: readonly string[],
  ending: AbortSignal,
): Promise<Carrier> {
  const candidates = candidatesOf(await cluster.podsOn(node))
  const tried: string[] = []
  for (const { pod, container, isNode } of candidates.slice(0, MOST_TRIED)) {
    const name = `${pod.namespace}/${pod.name}`
    const exec = [...kubectl, 'exec', '-n', pod.namespace, pod.name, '-c', container.name, '--']
    const [program, ...words] = isNode ? [...exec, ...NODE] : exec
    const via = printCommand(command(program!, ...words))
    const why = await whyNot(via, ending)
    if (why === undefined) return { node, pod: name, container: container.name, via }
    tried.push(`  ${name} (${container.name}): ${why}`)
  }
  throw new LiveProblem(
    `No pod of node ${node} leads to its rules.`,
    [
      tried.length === 0 ? 'None of its running pods is in its network and may administer it.' : 'Tried:',
      ...tried,
      'A debugging pod does:',
      `  ${printCommand(command(kubectl[0]!, ...kubectl.slice(1), 'debug', `node/${node}`, '--profile=sysadmin', '--image=busybox', '--', 'sleep', '3600'))}`,
      'Delete it afterwards: it stays.',
    ].join('\n'),
  )
}

/** Undefined: a shell answers there, and can read rules. Rejects where an end is asked for. */
async function whyNot(via: string, ending: AbortSignal): Promise<string | undefined> {
  try {
    const { status, complaints } = await runScript(parseVia(via), HAS_TOOLS, { seconds: SECONDS }, ending)
    if (status === 0) return undefined
    return complaints?.split('\n')[0] ?? 'neither nft nor iptables-save is there'
  } catch (error) {
    if (ending.aborted || !(error instanceof LiveProblem)) throw error
    return error.message
  }
}

/** Those that lead furthest first; one container of each pod. */
export function candidatesOf(pods: readonly Pod[]): Candidate[] {
  const found = pods.flatMap((pod): Candidate[] => {
    if (!pod.isHostNetwork) return []
    const running = pod.containers.filter(({ isRunning }) => isRunning)
    const privileged = running.find(({ isPrivileged }) => isPrivileged)
    const container = privileged ?? running.find(({ capabilities }) => capabilities.some((one) => MAY.has(one)))
    return container ? [{ pod, container, isNode: pod.isHostPid && container === privileged }] : []
  })
  const rank = ({ pod, isNode }: Candidate) => (isNode ? 0 : /^kube-proxy/.test(pod.name) ? 1 : 2)
  return found.sort((a, b) => rank(a) - rank(b) || a.pod.name.localeCompare(b.pod.name))
}

const MAY = new Set(['NET_ADMIN', 'SYS_ADMIN', 'ALL'])

/** The nodes that are meant: those named, those of the pods, or the only one. Rejects with UserError and LiveProblem. */
export async function nodesOf(
  cluster: Cluster,
  { nodes, pods }: { nodes: readonly string[]; pods: readonly Pod[] },
): Promise<string[]> {
  const named = [...nodes]
  for (const { node, namespace, name } of pods) {
    if (node === undefined) throw new UserError(`Pod ${namespace}/${name} is on no node yet.`)
    named.push(node)
  }
  if (named.length > 0) return [...new Set(named)]
  const all = await cluster.nodes()
  if (all.length === 1) return all
  throw new UserError(
    `The cluster has ${all.length} nodes: say which one.`,
    `--node ${all.slice(0, 10).join(' | ')}${all.length > 10 ? ' …' : ''}, or --pod NAME for the one where a pod runs.`,
  )
}
