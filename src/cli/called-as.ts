/** How nfwhy is called in the shell of whoever reads, so that a command that it proposes can be typed there as it stands. */
import { basename, dirname, relative } from 'node:path'

/** `nfwhy`, `npx nfwhy`, `node bin/nfwhy.js`, or a path. */
export function calledAs({ argv, env, cwd }: Pick<NodeJS.Process, 'argv' | 'env' | 'cwd'>): string[] {
  const told = env.NFWHY_CALLED_AS?.split(' ').filter((word) => word !== '') ?? []
  if (told.length > 0) return told
  if (isPlugin({ argv })) return ['kubectl', 'nfwhy']
  const script = argv[1] ?? ''
  if (env.npm_lifecycle_event === 'npx' && /^["']?nfwhy["']?$/.test(env.npm_lifecycle_script ?? ''))
    return ['npx', 'nfwhy']
  if (env.PATH?.split(':').includes(dirname(script))) return [basename(script)]
  const near = relative(cwd(), script)
  const path = near.startsWith('..') ? script : near
  if (script.endsWith('.js')) return ['node', path]
  return [path.includes('/') ? path : `./${path}`]
}

/** kubectl looks for its plugins by their names: https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/ */
export const isPlugin = ({ argv }: Pick<NodeJS.Process, 'argv'>): boolean =>
  /^kubectl-nfwhy(?:\.[cm]?js)?$/.test(basename(argv[1] ?? ''))

const COMMANDS =
  'explain|trace|why|compare|flows|map|simulate|serve|mcp|collect|demo|doctor|kubectl|completion|help|--help|-h'
const PROPOSED = new RegExp(`(?<![\\w./-])nfwhy(?= (?:${COMMANDS})\\b)`, 'g')

/** The same in sentences and examples. */
export const asCalled = (text: string, words: readonly string[]): string =>
  words.length === 1 && words[0] === 'nfwhy' ? text : text.replace(PROPOSED, words.join(' '))
