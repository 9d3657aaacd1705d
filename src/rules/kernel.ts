/** Is it Linux `major.minor` or later? `release` as `uname -r` prints it; undefined where it is not known. */
export function kernelAtLeast(release: string | undefined, major: number, minor: number): boolean | undefined {
  const match = /^(\d+)\.(\d+)/.exec(release ?? '')
  if (!match) return undefined
  const [has, hasMinor] = [Number(match[1]), Number(match[2])]
  return has > major || (has === major && hasMinor >= minor)
}
