/** The package as npm installs it, in an empty folder: the command, its caches, the library, its types. */
// @module-tag slow
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { blocksOf } from '../docs/markdown.ts'
import { ROOT } from '../docs/sources.ts'

const folder = mkdtempSync(join(tmpdir(), 'nfwhy-packed-'))
const installed = join(folder, 'node_modules/nfwhy')
const TSC = join(ROOT, 'node_modules/typescript/bin/tsc')
const npm = (cwd: string, ...args: string[]) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: 'pipe' })
const node = (...args: string[]) => execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })

beforeAll(() => {
  // dist/ is built: without scripts it stays as it is for the tests beside this one
  npm(ROOT, 'pack', '--ignore-scripts', '--pack-destination', folder)
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  npm(folder, 'install', '--offline', '--ignore-scripts', '--omit=optional', '--no-audit', '--no-fund', `./${tarball}`)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the package', () => {
  const read = () => JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))

  it('has every file that it names, and nothing of the tests', () => {
    const { bin, exports } = read() as { bin: object; exports: Record<string, string | object> }
    const named = [bin, ...Object.values(exports)]
      .flatMap((one) => (typeof one === 'string' ? one : Object.values(one)))
      .map((name: string) => name.replace('/*', ''))
    expect(named).toHaveLength(6)
    expect(named.filter((name) => !existsSync(join(installed, name)))).toEqual([])
    expect(readdirSync(installed).sort()).toEqual(
      ['CHANGELOG.md', 'LICENSE', 'README.md', 'bin', 'dist', 'docs', 'examples', 'package.json', 'schemas'].sort(),
    )
  })

  it('has its types in one file for each entry', () => {
    const types = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.d.ts'))
    expect(types).toEqual(['dist/index.d.ts'])
  })

  it('names what it holds of others, with their licences', () => {
    const notices = readFileSync(join(installed, 'dist/THIRD-PARTY.txt'), 'utf8')
    for (const name of ['@modelcontextprotocol/server', 'commander', 'hono', 'pako', 'preact'])
      expect(notices).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+ `, 'm'))
    expect(notices.match(/Permission is hereby granted|Apache License/g)!.length).toBeGreaterThan(7)
  })

  /** Of each script that an example loads: was what V8 made of it refused? Undefined: it was compiled. */
  function startExample(): Map<string, boolean | undefined> {
    writeFileSync(
      join(folder, 'start.cjs'),
      `const scripts = require('./node_modules/nfwhy/bin/load.js').load(${JSON.stringify(join(installed, 'dist'))}, 'cli.cjs')
      process.on('exit', () => {
        process.stderr.write(JSON.stringify([...scripts].map(([name, script]) => [name, script.cachedDataRejected])))
      })`,
    )
    const example = join(installed, 'examples/nodeport-clash')
    const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'start.cjs'), 'explain', example], {
      encoding: 'utf8',
    })
    expect(stdout).toContain('2 packets: 1 dropped, 1 to this host')
    return new Map(JSON.parse(stderr) as [string, boolean | undefined][])
  }

  it.skipIf(process.env.NFWHY_OTHER_NODE)('starts with what V8 made of its scripts when they were built', () => {
    const rejected = startExample()
    // and with no script that only other commands need
    expect([...rejected.keys()].sort()).toEqual(['cli.cjs', 'offline.cjs'])
    expect([...rejected].filter(([, no]) => no !== false)).toEqual([])
    expect(node(join(installed, 'bin/nfwhy.js'), '--version').trim()).toBe(read().version)
  })

  it('compiles its scripts where another Node built them: V8 takes those of another patch release, and crashes', () => {
    const mark = join(installed, 'dist/built-by.json')
    const own = readFileSync(mark, 'utf8')
    writeFileSync(mark, own.replace(process.versions.node, '20.0.0'))
    try {
      expect([...startExample().values()].filter((no) => no === false || no === true)).toEqual([])
    } finally {
      writeFileSync(mark, own)
    }
  })

  it('serves the page that came with it, with every file that this names', async () => {
    const child = spawn(process.execPath, [join(installed, 'bin/nfwhy.js'), 'serve', join(installed, 'examples')], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    try {
      const [said] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string]
      const [link = ''] = /http:\S+/.exec(said)!
      const get = async (path: string) => {
        const response = await fetch(link + path)
        expect([path, response.status]).toEqual([path, 200])
        return response.text()
      }
      const named = [...(await get('')).matchAll(/(?:src|href)="([^":]+)"/g)].map(([, name]) => name!)
      expect(named).toEqual(expect.arrayContaining(['page.css', 'page.js']))
      for (const name of [...named, 'worker.js']) await get(name)
      const parts = [...(await get('worker.js')).matchAll(/from\s*["']\.\/([^"']+)["']/g)].map(([, name]) => name!)
      expect(parts.length).toBeGreaterThan(0)
      for (const name of parts) await get(name)
      expect(JSON.parse(await get('inputs')).length).toBeGreaterThan(10)
    } finally {
      child.kill('SIGKILL')
    }
  })
})

describe.each([
  ['nodenext', 'nodenext'],
  ['bundler', 'esnext'],
])('a program compiled with moduleResolution %s', (resolution, module) => {
  const compile = (source: string, more: readonly string[] = ['--types', '']) => {
    writeFileSync(join(folder, 'program.ts'), source)
    const options = ['--strict', '--noEmit', '--skipLibCheck', 'false', '--target', 'es2023', '--lib', 'es2023,dom']
    const args = [TSC, ...options, ...more, '--module', module, '--moduleResolution', resolution, 'program.ts']
    const { status, stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    return { status, stdout }
  }

  it('knows a type of everything that the library has', () => {
    const names = JSON.parse(
      node('--input-type=module', '-e', `console.log(JSON.stringify(Object.keys(await import('nfwhy'))))`),
    ) as string[]
    expect(names.length).toBeGreaterThan(3)
    const uses = names.map((name) => `nfwhy.${name} satisfies {}\n`).join('')
    expect(compile(`import * as nfwhy from 'nfwhy'\n${uses}`)).toEqual({ status: 0, stdout: '' })
  })

  it('may be the example of docs/library-example.md', () => {
    const page = readFileSync(join(ROOT, 'docs/library-example.md'), 'utf8')
    const example = blocksOf(page).find(({ language }) => language === 'js')!.text
    expect(example).toContain("from 'nfwhy'")
    const nodeTypes = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types'), '--skipLibCheck', 'true']
    expect(compile(example, nodeTypes)).toEqual({ status: 0, stdout: '' })
  })

  it('is refused where it asks for what the library has not', () => {
    const { status, stdout } = compile(`import { nothingOfTheSort } from 'nfwhy'\nnothingOfTheSort()\n`)
    expect(status).not.toBe(0)
    expect(stdout).toMatch(/TS2305: Module '"nfwhy"' has no exported member 'nothingOfTheSort'/)
  })
})
