/** Servers of a test's own: on loopback, on ports that are free, with a folder for their data. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LATEST } from '../latest.ts'

/** Debian has it beside the system's other servers. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

export const hasProgram = (name: string): boolean =>
  PATH.split(':').some((folder) => folder !== '' && existsSync(join(folder, name)))

/** A port that nobody has. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}

/** A certificate of its own for loopback, and its key. */
export interface Certified {
  certificate: string
  key: string
}

export const HAS_OPENSSL = hasProgram('openssl')

/** Signed by itself: whoever trusts the file trusts the server. */
export function certify(folder: string): Certified {
  const [certificate, key] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')]
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '2']
  const named = ['-subj', '/CN=nfwhy-test', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...made, ...named], { stdio: 'ignore' })
  return { certificate, key }
}

export abstract class Server {
  readonly folder = mkdtempSync(join(tmpdir(), 'nfwhy-server-'))
  port = 0
  private child: ChildProcess | undefined
  private closed: Promise<unknown> = Promise.resolve()

  protected abstract command(): Promise<string[]>
  protected abstract answers(): Promise<boolean>

  /** It answers. The data are those of the last time. */
  async start(): Promise<void> {
    this.port ||= await freePort()
    const [program, ...args] = await this.command()
    const child = spawn(program!, args, { cwd: this.folder, env: { ...process.env, PATH }, stdio: 'ignore' })
    this.child = child
    this.closed = new Promise((resolve) => child.on('close', resolve))
    const until = Date.now() + LATEST
    while (!(await this.answers())) {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`${program} does not answer`)
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
  }

  /** At once, as a machine that loses power. */
  async kill(): Promise<void> {
    this.child?.kill('SIGKILL')
    await this.closed
  }

  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true })
  }

  protected freePort(): Promise<number> {
    return freePort()
  }
}

const USERS = `<yandex>
<profiles><default/><reads><readonly>1</readonly></reads></profiles>
<users>
<default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default>
<writer><password>s%c/r@t é</password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></writer>
<reader><password/><networks><ip>127.0.0.1</ip></networks><profile>reads</profile><quota>default</quota></reader>
</users>
<quotas><default/></quotas>
</yandex>`

/** In place of Debian's: a current one, of a package that whoever asks for it has installed. */
const CURRENT = fileURLToPath(new URL('current-clickhouse.mjs', import.meta.url))
const isCurrent = process.env.NFWHY_CLICKHOUSE === 'current'

export const hasClickHouse = (): boolean => isCurrent || hasProgram('clickhouse-server')

/** Users: default, writer (with PASSWORD), and reader, who may not change anything. */
export class ClickHouse extends Server {
  static readonly PASSWORD = 's%c/r@t é'
  private readonly certified: Certified | undefined
  /** Where it speaks HTTPS, with a certificate. */
  securePort = 0

  constructor(certified?: Certified) {
    super()
    this.certified = certified
  }

  async command(): Promise<string[]> {
    const { folder, certified } = this
    if (certified) this.securePort ||= await this.freePort()
    const secure = certified
      ? `<https_port>${this.securePort}</https_port>
<openSSL><server><certificateFile>${certified.certificate}</certificateFile><privateKeyFile>${certified.key}</privateKeyFile>
<verificationMode>none</verificationMode></server></openSSL>`
      : ''
    if (isCurrent) return [process.execPath, CURRENT, join(folder, 'data'), String(this.port), ClickHouse.PASSWORD]
    const config = join(folder, 'config.xml')
    writeFileSync(join(folder, 'users.xml'), USERS)
    writeFileSync(
      config,
      `<yandex>
<logger><level>warning</level><log>${folder}/log</log><errorlog>${folder}/errors</errorlog></logger>
<http_port>${this.port}</http_port><tcp_port>${await this.freePort()}</tcp_port><listen_host>127.0.0.1</listen_host>
<path>${folder}/data/</path><tmp_path>${folder}/tmp/</tmp_path><users_config>users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<timezone>UTC</timezone><mark_cache_size>67108864</mark_cache_size>
${secure}
</yandex>`,
    )
    return ['clickhouse-server', `--config-file=${config}`]
  }

  async answers(): Promise<boolean> {
    return fetch(`http://127.0.0.1:${this.port}/ping`).then(
      (response) => response.ok,
      () => false,
    )
  }

  /** What it says, without nfwhy. */
  async ask(sql: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}/`, { method: 'POST', body: sql })
    const text = await response.text()
    if (!response.ok) throw new Error(text)
    return text.trim()
  }

  /** A new database's URL. */
  async database(name: string): Promise<string> {
    await this.ask(`CREATE DATABASE ${name}`)
    return `clickhouse://127.0.0.1:${this.port}/${name}`
  }
}

interface Accounts {
  account_details?: {
    stream_detail?: {
      name: string
      state: { messages: number }
      consumer_detail?: { num_pending: number; num_ack_pending: number }[]
    }[]
  }[]
}

/** A broker with JetStream. Who gives no name may do all; writer needs PASSWORD. */
export class Nats extends Server {
  static readonly PASSWORD = ClickHouse.PASSWORD
  private readonly payload: number
  private readonly certified: Certified | undefined
  private monitor = 0

  /** `payload`: bytes, the largest message. With a certificate it takes nobody without TLS. */
  constructor(payload = 1024 * 1024, certified?: Certified) {
    super()
    this.payload = payload
    this.certified = certified
  }

  async command(): Promise<string[]> {
    this.monitor ||= await this.freePort()
    const { certified } = this
    const tls = certified ? `tls { cert_file: "${certified.certificate}", key_file: "${certified.key}" }` : ''
    const config = join(this.folder, 'nats.conf')
    writeFileSync(
      config,
      `listen: "127.0.0.1:${this.port}"
http: "127.0.0.1:${this.monitor}"
max_payload: ${this.payload}
jetstream { store_dir: "${this.folder}/data" }
authorization { users: [ { user: guest }, { user: writer, password: ${JSON.stringify(Nats.PASSWORD)} } ] }
no_auth_user: guest
${tls}
`,
    )
    return ['nats-server', '-c', config]
  }

  async answers(): Promise<boolean> {
    return (await this.ask('healthz')).ok
  }

  /** A stream, and where what waits for it is. */
  stream(name: string, spool: string, more = ''): string {
    return `nats://127.0.0.1:${this.port}/${name}?spool=${spool}${more}`
  }

  /** As the broker counts them: messages of a stream, and those that no loader has stored. Undefined: it is away, or has no such stream. */
  async messages(stream: string): Promise<{ all: number; left: number } | undefined> {
    const { account_details: [account] = [] } = (await (await this.ask('jsz?consumers=true')).json()) as Accounts
    const found = account?.stream_detail?.find(({ name }) => name === stream)
    const [consumer] = found?.consumer_detail ?? []
    const all = found?.state.messages
    return all === undefined
      ? undefined
      : { all, left: consumer ? consumer.num_pending + consumer.num_ack_pending : all }
  }

  private ask(path: string): Promise<Pick<Response, 'ok' | 'json'>> {
    return fetch(`http://127.0.0.1:${this.monitor}/${path}`).catch(() => ({ ok: false, json: async () => ({}) }))
  }
}
