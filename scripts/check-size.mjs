/** No file grows past what a person reads in one go. */
import { readFileSync } from 'node:fs'
import { sources } from './sources.mjs'

const MOST = 400

export function checkSize() {
  const sizes = ['src', 'test', 'scripts', 'bench']
    .flatMap(sources)
    .map((file) => [file, readFileSync(file, 'utf8').split('\n').length])
  const problems = sizes
    .filter(([, lines]) => lines > MOST)
    .map(([file, lines]) => `${file}: ${lines} lines, more than ${MOST}`)
  const longest = sizes.sort((a, b) => b[1] - a[1])[0]
  return { problems, said: `longest: ${longest[0]}, ${longest[1]} lines` }
}
