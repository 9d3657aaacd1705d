/** `nfwhy serve` as people start it, and the link that it prints. */
import { type ChildProcess, spawn } from 'node:child_process'
import { BIN } from '../cli/nfwhy.ts'

export interface Serving {
  child: ChildProcess
  link: string
}

/** Processes that are to end with a test. */
export class Servings {
  private readonly running: ChildProcess[] = []

  start(args: readonly string[], input = ''): Promise<Serving> {
    const child = spawn(process.execPath, [BIN, 'serve', ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
    this.running.push(child)
    child.stdin!.end(input)
    let said = ''
    return new Promise((done, failed) => {
      child.stdout!.on('data', (part) => {
        said += part
        const link = /http:\S+/.exec(said)?.[0]
        if (link !== undefined && said.endsWith('\n')) done({ child, link })
      })
      child.on('exit', (code) => failed(new Error(`nfwhy serve ended with ${code}`)))
    })
  }

  end(): void {
    for (const child of this.running.splice(0)) child.kill('SIGKILL')
  }
}
