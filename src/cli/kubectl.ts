/** `kubectl nfwhy`: a command of nfwhy on the nodes of a cluster, through pods that are there. */
import type { Command } from 'commander'
import { type Carrier, carrierOf, nodesOf } from '../live/kubernetes/carrier.ts'
import { Cluster, type Pod } from '../live/kubernetes/cluster.ts'
import { command, printCommand } from '../model/command.ts'
import { printable } from '../model/printable.ts'
import { UserError } from '../model/user-error.ts'
import { endable } from './end-signals.ts'
import type { Others } from './others.ts'

interface Options {
  node: string[]
  pod: string[]
  namespace?: string
  context?: string
  kubeconfig?: string
}

/** What runs on a machine; those that go to several at once. */
const THERE = ['trace', 'doctor', 'why', 'collect', 'serve']
const MANY = ['trace', 'serve']
/** What takes a filter, so that a pod's addresses can stand for it. */
const FILTERED = ['trace', 'doctor', 'serve']

export const kubectlCommand = (program: Command, others: Others): Command =>
  program
    .command('kubectl')
    .summary('run a command on the nodes of a Kubernetes cluster')
    .description(
      'Runs a command of nfwhy on a node of a Kubernetes cluster: trace, doctor, why, collect or serve --live. It goes through a pod ' +
        'that is in the network of the node and may administer it (kube-proxy, most network plugins), by kubectl exec; no pod ' +
        'is made. It prints what it runs. As a plugin of kubectl:\n\n' +
        "  kubectl nfwhy --node worker-1 trace 'tcp dst port 30080'\n" +
        '  kubectl nfwhy --pod web-0 -n shop trace\n\n' +
        'Without a filter, packets to and from the pod are traced. Other commands (explain, compare, …) run here.',
    )
    .argument('<COMMAND...>', 'a command of nfwhy, with its options and arguments')
    .option('--node <NAME>', 'on this node (repeatable)', append, [])
    .option('--pod <NAME>', 'on the node of this pod, NAME or NAMESPACE/NAME (repeatable)', append, [])
    .option('-n, --namespace <NAME>', 'the namespace of --pod')
    .option('--context <NAME>', 'as kubectl takes it')
    .option('--kubeconfig <FILE>', 'as kubectl takes it')
    .allowUnknownOption()
    .action(async (words: string[], options: Options) => others.run(await placed(words, options, others)))

function append(value: string, before: string[]): string[] {
  return [...before, value]
}

/** The command with the ways to its nodes. Throws UserError and LiveProblem. */
async function placed(words: readonly string[], options: Options, others: Others): Promise<readonly string[]> {
  const [name = '', ...rest] = words
  const isThere = THERE.includes(name) && (name !== 'serve' || rest.includes('--live'))
  const isPlaced = rest.some((word) => word === '--via' || word.startsWith('--via='))
  if (!isThere || isPlaced) {
    if (options.node.length + options.pod.length > 0)
      throw new UserError(
        isPlaced
          ? '--via says where: leave out --node and --pod.'
          : `nfwhy ${printable(name)} runs here: leave out --node and --pod.`,
      )
    return words
  }
  const isFiltered = !FILTERED.includes(name) || (await others.operands(name, rest)).length > 0
  const kubectl = kubectlOf(options)
  const { carriers, pods } = await endable(async (ending) => {
    const cluster = new Cluster(kubectl, ending)
    const pods: Pod[] = []
    for (const one of options.pod) pods.push(await cluster.pod(one, options.namespace))
    const carriers: Carrier[] = []
    const nodes = await nodesOf(cluster, { nodes: options.node, pods })
    if (nodes.length > 1 && !MANY.includes(name))
      throw new UserError(`nfwhy ${name} goes to one node: ${printable(nodes.join(', '))} are several.`)
    for (const node of nodes) carriers.push(await carrierOf(node, cluster, kubectl, ending))
    return { carriers, pods }
  })
  const ways = carriers.flatMap(({ via }) => ['--via', via])
  const filter = isFiltered ? [] : filterOf(pods)
  const all = [name, ...ways, ...rest, ...filter]
  for (const { node, pod, container } of carriers)
    process.stderr.write(`nfwhy: node ${printable(node)} by pod ${printable(pod)}, container ${printable(container)}\n`)
  process.stderr.write(`$ ${printable(printCommand(command('nfwhy', ...all)))}\n`)
  return all
}

const kubectlOf = ({ context, kubeconfig }: Options): string[] => [
  'kubectl',
  ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]),
  ...(context === undefined ? [] : ['--context', context]),
]

/** Packets to and from these pods. */
function filterOf(pods: readonly Pod[]): string[] {
  const ips = pods.flatMap(({ ips, isHostNetwork }) => (isHostNetwork ? [] : ips))
  return ips.length === 0 ? [] : [ips.map((ip) => `host ${ip}`).join(' or ')]
}
