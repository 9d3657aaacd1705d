/** The package as `npm install -g` puts it at a user's own place: all that it brings is used from there, by a user without rights. */
// @module-tag slow
import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROOT } from '../docs/sources.ts'
import { EXAMPLE, nfwhy } from './nfwhy.ts'
import { typedInZsh, zshLine } from './zsh.ts'

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-installed-'))
const home = join(folder, 'home')
const prefix = join(home, 'local')
const bin = join(prefix, 'bin')
const installed = join(prefix, 'lib/node_modules/nfwhy')
/** A copy: the checkout may lie where only its owner may look. */
const example = join(folder, 'example')
/** Root's files are not its own: where the tests run as root, it is nobody. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}
const env = {
  PATH: `${bin}:${dirname(process.execPath)}:${process.env.PATH}`,
  HOME: home,
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  MANWIDTH: '80',
  PAGER: 'cat',
}
/** As the PATH has it. */
const COMMAND = 'nfwhy'
const has = (program: string) => spawnSync(program, ['--version']).error === undefined

/** As that user, in its home. */
const run = (program: string, ...args: string[]): string =>
  execFileSync(program, args, { cwd: home, env, encoding: 'utf8', stdio: 'pipe', timeout: 240_000, ...NOBODY })

beforeAll(() => {
  execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT, stdio: 'pipe' })
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  mkdirSync(home)
  cpSync(EXAMPLE, example, { recursive: true })
  execFileSync('chmod', ['-R', 'a+rX', example])
  chmodSync(folder, 0o755)
  if (NOBODY.uid !== undefined) chownSync(home, NOBODY.uid, NOBODY.gid)
  const options = ['--offline', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund']
  run('npm', 'install', '-g', '--prefix', prefix, ...options, join(folder, tarball!))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('installed by a user without rights, without optional packages', () => {
  it('is a command, and a plugin of kubectl', async () => {
    const { status, stdout, stderr } = spawnSync(COMMAND, ['explain', example], {
      ...{ cwd: home, env, encoding: 'utf8' },
      ...NOBODY,
    })
    expect({ code: status, stdout, stderr }).toEqual(await nfwhy(['explain', example]))
    expect(run('kubectl-nfwhy', '--help')).toContain('kubectl nfwhy --node worker-1')
    expect(readdirSync(bin).sort()).toEqual(['kubectl-nfwhy', 'nfwhy'])
  })

  it.skipIf(!has('man'))('has a manual page where man looks beside the command', () => {
    expect(run('man', '--where', 'nfwhy').trim()).toBe(realpathSync(join(prefix, 'share/man/man1/nfwhy.1')))
    expect(run('man', 'nfwhy')).toContain('nfwhy - why did netfilter do that to my packet?')
  })

  it.skipIf(!has('bash'))('completes in bash', () => {
    const script =
      'source <(nfwhy completion bash); COMP_WORDS=(nfwhy exp); COMP_CWORD=1; _nfwhy nfwhy; echo "$COMPREPLY"'
    expect(run('bash', '-c', script)).toBe('explain\n')
  })

  it.skipIf(!has('zsh'))('completes in zsh', () => {
    mkdirSync(join(home, 'functions'))
    writeFileSync(join(home, 'functions/_nfwhy'), run('nfwhy', 'completion', 'zsh'))
    expect(zshLine(run('zsh', '-f', '-c', typedInZsh('functions'), 'zsh', 'nfwhy exp'))).toBe('nfwhy explain ')
  })

  it.skipIf(!has('fish'))('completes in fish', () => {
    const script = 'nfwhy completion fish | source; complete -C "nfwhy exp"'
    expect(run('fish', '--no-config', '-c', script)).toMatch(/^explain\t/)
  })

  it('is a library, with schemas that its documents fit', () => {
    const program = join(home, 'program')
    mkdirSync(join(program, 'node_modules'), { recursive: true })
    symlinkSync(installed, join(program, 'node_modules/nfwhy'))
    writeFileSync(
      join(program, 'program.mjs'),
      `import { open } from 'nfwhy'
import schema from 'nfwhy/schemas/explanation.schema.json' with { type: 'json' }
console.log(JSON.stringify([typeof open, schema]))`,
    )
    const [open, schema] = JSON.parse(run(process.execPath, '--no-warnings', join(program, 'program.mjs')))
    expect(open).toBe('function')
    expect(schema).toEqual(JSON.parse(readFileSync(join(ROOT, 'schemas/explanation.schema.json'), 'utf8')))
    const { stdout } = spawnSync(COMMAND, ['explain', example, '--json'], { env, encoding: 'utf8', ...NOBODY })
    const fits = new Ajv({ strict: false }).compile(schema)
    expect(fits(JSON.parse(stdout)), JSON.stringify(fits.errors)).toBe(true)
    expect(fits({ ...JSON.parse(stdout), journeys: 'none' })).toBe(false)
  })
})
