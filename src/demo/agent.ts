/**
 * The program that runs in each network namespace of a lab, as text for `node -e`. The first one is process 1 of a
 * process namespace and holds the others: when its standard input ends, however its parent has died, it ends, and the
 * kernel ends whatever else runs in the lab.
 *
 * It takes one JSON request a line and answers each with one line of the same `id`. It moves bytes; what they mean is
 * the business of the lab's other side.
 */

/** To a namespace by its name; without one, to the first program, which only knows `host`. */
export type Request =
  | { do: 'host'; name: string }
  | { do: 'run'; argv: readonly string[]; input?: string; timeout: number }
  | { do: 'write'; files: readonly (readonly [path: string, content: string])[] }
  | { do: 'read'; paths: readonly string[] }
  | { do: 'await'; path: string; pattern: string; timeout: number }
  | { do: 'watch'; name: string; argv: readonly string[] }
  | { do: 'stop'; name: string; quiet: number }
  | { do: 'listen'; protocol: 'tcp' | 'udp'; address: string; port: number }
  | { do: 'connect'; to: string; port: number; sport: number; timeout: number }
  | { do: 'datagram'; to: string; port: number; sport: number; bytes: number; tries: number; timeout: number }

/** Must not use anything outside of itself: its text is all that reaches the other process. */
export function agent(): void {
  const childProcess = process.getBuiltinModule('node:child_process')
  const fs = process.getBuiltinModule('node:fs')
  const net = process.getBuiltinModule('node:net')
  const dgram = process.getBuiltinModule('node:dgram')
  type Answer = Record<string, unknown>

  const UNREAD = /^\S+ +12 +\d+ +\S+ +[1-9]/m
  const children = new Map<string, import('node:child_process').ChildProcess>()
  const watched = new Map<string, { child: import('node:child_process').ChildProcess; parts: Buffer[]; err: string }>()
  const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
  const read = (path: string) => {
    try {
      return fs.readFileSync(path, 'latin1')
    } catch {
      return null
    }
  }

  function eachLine(stream: import('node:stream').Readable, take: (line: string) => void): void {
    let rest = ''
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop() as string
      for (const line of lines) take(line)
    })
  }

  const work: { [K in Request['do']]: (given: Extract<Request, { do: K }>) => Answer | Promise<Answer> } = {
    host: ({ name }) =>
      new Promise((resolve, reject) => {
        const child = childProcess.spawn('unshare', ['--net', '--', process.execPath, ...process.execArgv], {
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        children.set(name, child)
        child.on('error', reject).on('exit', () => reject(new Error('no network namespace could be made')))
        child.stdin.on('error', () => {})
        let ready = false
        eachLine(child.stdout, (line) => {
          if (ready) process.stdout.write(`${line}\n`)
          else resolve(JSON.parse(line))
          ready = true
        })
      }),

    run: ({ argv, input, timeout }) =>
      new Promise((resolve) => {
        const [command = '', ...rest] = argv
        const child = childProcess.spawn(command, rest, { stdio: 'pipe', timeout, killSignal: 'SIGKILL' })
        let out = ''
        let err = ''
        child.stdout.setEncoding('utf8').on('data', (text) => {
          out += text
        })
        child.stderr.setEncoding('utf8').on('data', (text) => {
          err += text
        })
        child.on('error', (error) => resolve({ status: 127, out: '', err: error.message }))
        child.on('close', (status, signal) =>
          resolve({ status: status ?? 124, out, err: signal ? 'took too long' : err }),
        )
        child.stdin.on('error', () => {}).end(input ?? '')
      }),

    write: ({ files }) => {
      for (const [path, content] of files as [string, string][]) fs.writeFileSync(path, content)
      return {}
    },

    read: ({ paths }) => ({ texts: paths.map(read) }),

    await: async ({ path, pattern, timeout }) => {
      const until = Date.now() + timeout
      while (!new RegExp(pattern, 'm').test(read(path) ?? '')) {
        if (Date.now() > until)
          throw new Error(
            `${path} does not show ${pattern}${[...watched.values()].map(({ err }) => `: ${err.trim()}`).join('')}`,
          )
        await later(5)
      }
      return {}
    },

    watch: ({ name, argv }) =>
      new Promise((resolve, reject) => {
        const [command = '', ...rest] = argv
        const child = childProcess.spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
        const one = { child, parts: [] as Buffer[], err: '' }
        watched.set(name, one)
        child.stdout.on('data', (part) => one.parts.push(part))
        child.stderr.setEncoding('utf8').on('data', (text) => {
          one.err += text
        })
        child.on('error', reject).on('spawn', () => resolve({}))
      }),

    stop: async ({ name, quiet }) => {
      const one = watched.get(name)
      if (!one) throw new Error(`no program was started under the name ${name}`)
      // what is on its way still comes: not yet printed, or (/proc/net/netlink: received, of protocol 12) not yet read
      for (let seen = -1; seen !== one.parts.length || UNREAD.test(read('/proc/net/netlink') ?? ''); ) {
        seen = one.parts.length
        await later(quiet)
      }
      watched.delete(name)
      if (one.child.exitCode === null && one.child.signalCode === null) {
        const closed = new Promise((resolve) => one.child.on('close', resolve))
        one.child.kill('SIGTERM')
        await closed
      }
      return { out: Buffer.concat(one.parts).toString('base64'), err: one.err }
    },

    listen: ({ protocol, address, port }) =>
      new Promise((resolve, reject) => {
        if (protocol === 'tcp') {
          const server = net.createServer((socket) => {
            socket.on('error', () => {}).end('hello\n')
          })
          server.on('error', reject).listen({ host: address, port, ipv6Only: address.includes(':') }, () => resolve({}))
          return
        }
        const six = address.includes(':')
        const socket = dgram.createSocket(six ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' })
        socket.on('message', (bytes, from) => socket.send(bytes.subarray(0, 64), from.port, from.address))
        socket.on('error', reject).bind(port, address, () => resolve({}))
      }),

    connect: ({ to, port, sport, timeout }) =>
      new Promise((resolve) => {
        const socket = net.connect({ host: to, port, localPort: sport })
        const end = (answer: Answer) => {
          socket.destroy()
          resolve(answer)
        }
        socket.on('connect', () => end({ got: 'answered' }))
        socket.on('error', ({ code }: NodeJS.ErrnoException) => end({ got: 'error', code }))
        setTimeout(() => end({ got: 'nothing' }), timeout)
      }),

    datagram: ({ to, port, sport, bytes, tries, timeout }) =>
      new Promise((resolve) => {
        const socket = dgram.createSocket(to.includes(':') ? 'udp6' : 'udp4')
        let left = tries
        let timer: NodeJS.Timeout
        const end = (answer: Answer) => {
          clearTimeout(timer)
          socket.close()
          resolve({ ...answer, tries: tries - left })
        }
        let code: string | undefined
        const send = () => {
          if (left-- === 0) {
            left = 0
            end(code === undefined ? { got: 'nothing' } : { got: 'error', code })
            return
          }
          socket.send(Buffer.alloc(bytes, 'nfwhy '))
          timer = setTimeout(send, timeout)
        }
        socket.on('message', () => end({ got: 'answered' }))
        const fail = (error: NodeJS.ErrnoException) => {
          code = error.code
          if (code !== 'EMSGSIZE') end({ got: 'error', code })
        }
        socket.on('error', fail)
        // where there is no route, the callback is told, and no listener
        socket.bind(sport, () => socket.connect(port, to, (error?: Error) => (error ? fail(error) : send())))
      }),
  }

  const namespace = fs.readlinkSync('/proc/self/ns/net')
  // what /proc shows is the process's number outside
  process.stdout.write(
    `${JSON.stringify({ pid: process.pid, outside: Number(fs.readlinkSync('/proc/self')), namespace })}\n`,
  )
  eachLine(process.stdin, async (line) => {
    const { id, on, ...given } = JSON.parse(line)
    if (on !== undefined) {
      children.get(on)?.stdin?.write(`${JSON.stringify({ id, ...given })}\n`)
      return
    }
    let answer: Answer
    try {
      answer = await work[given.do as Request['do']](given as never)
    } catch (error) {
      answer = { failed: error instanceof Error ? error.message : String(error) }
    }
    process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`)
  })
  process.stdin.on('end', () => process.exit(0))
  process.stdout.on('error', () => process.exit(0))
}
