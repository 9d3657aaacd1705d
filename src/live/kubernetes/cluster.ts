/** What kubectl tells of a cluster's nodes and pods. Nothing is asked but `get`, and nothing in the cluster changes by it. */
import { LiveProblem, unlessEnded } from '../problem.ts'

export interface Pod {
  namespace: string
  name: string
  /** Absent until it is placed. */
  node?: string
  /** Addresses; none where it has not begun. */
  ips: readonly string[]
  /** In the node's own network. */
  isHostNetwork: boolean
  /** Sees the node's processes. */
  isHostPid: boolean
  containers: readonly Container[]
}

export interface Container {
  name: string
  isRunning: boolean
  isPrivileged: boolean
  /** Capabilities that it has besides the usual ones: `NET_ADMIN`. */
  capabilities: readonly string[]
}

/** Seconds for one answer, and its bytes: of a large cluster, one node's pods alone are asked for. */
const SECONDS = 30
const MOST = 256 << 20

export class Cluster {
  /** `kubectl --context x`. */
  private readonly kubectl: readonly string[]
  private readonly ending: AbortSignal | undefined

  constructor(kubectl: readonly string[], ending?: AbortSignal) {
    this.kubectl = kubectl
    this.ending = ending
  }

  /** Names. Rejects with LiveProblem. */
  async nodes(): Promise<string[]> {
    const { items } = await this.get<List>('nodes')
    return (items ?? []).flatMap(({ metadata }) => metadata?.name ?? [])
  }

  /** Rejects with LiveProblem. */
  async podsOn(node: string): Promise<Pod[]> {
    const { items } = await this.get<List>('pods', '--all-namespaces', '--field-selector', `spec.nodeName=${node}`)
    return (items ?? []).map(podOf)
  }

  /** Rejects with LiveProblem where there is none. */
  async pod(name: string, namespace: string | undefined): Promise<Pod> {
    const [of = '', base] = name.includes('/') ? name.split('/', 2) : [namespace, name]
    return podOf(await this.get<Item>('pod', ...(of === '' ? [] : ['--namespace', of]), '--', base!))
  }

  private async get<T>(...words: string[]): Promise<T> {
    const [program, ...args] = [...this.kubectl, 'get', '--output=json', ...words]
    const text = await unlessEnded(run(program!, args), this.ending)
    try {
      return JSON.parse(text) as T
    } catch {
      throw new LiveProblem(`${[program, ...args].join(' ')}: its answer is not JSON.`)
    }
  }
}

function run(program: string, args: readonly string[]): Promise<string> {
  const { execFile } = process.getBuiltinModule('node:child_process')
  return new Promise((resolve, reject) => {
    execFile(program, args, { maxBuffer: MOST, timeout: SECONDS * 1000 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout)
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        return reject(
          new LiveProblem(`There is no program ${program} on this machine.`, 'nfwhy asks it which pods there are.'),
        )
      const said = stderr.trim().split('\n').slice(-3).join('\n')
      const late = error.killed ? ` did not answer within ${SECONDS} s` : ' failed'
      reject(new LiveProblem(`${[program, ...args].join(' ')}${late}.`, said || undefined))
    })
  })
}

interface List {
  items?: Item[]
}

/** As far as it is needed here: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
interface Item {
  metadata?: { name?: string; namespace?: string }
  spec?: {
    nodeName?: string
    hostNetwork?: boolean
    hostPID?: boolean
    containers?: {
      name?: string
      securityContext?: { privileged?: boolean; capabilities?: { add?: string[] } }
    }[]
  }
  status?: {
    podIPs?: { ip?: string }[]
    containerStatuses?: { name?: string; state?: { running?: object } }[]
  }
}

const podOf = ({ metadata, spec, status }: Item): Pod => ({
  namespace: metadata?.namespace ?? 'default',
  name: metadata?.name ?? '',
  ...(spec?.nodeName === undefined ? {} : { node: spec.nodeName }),
  ips: (status?.podIPs ?? []).flatMap(({ ip }) => ip ?? []),
  isHostNetwork: spec?.hostNetwork === true,
  isHostPid: spec?.hostPID === true,
  containers: (spec?.containers ?? []).map(({ name = '', securityContext }) => ({
    name,
    isRunning: (status?.containerStatuses ?? []).some((one) => one.name === name && one.state?.running !== undefined),
    isPrivileged: securityContext?.privileged === true,
    capabilities: (securityContext?.capabilities?.add ?? []).map((one) => one.replace(/^CAP_/i, '').toUpperCase()),
  })),
})
