/** How deep a tree is: what goes through one afterwards does so by calling itself. */

/** Nodes in nodes, lists among them. What a person nests has some ten. */
export const MAX_NODES_DEEP = 200

/** Calls itself no deeper than the parser nests (Parser.nested), plus MAX_NODES_DEEP. */
export function depthOf(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0
  let deepest = 0
  for (const part of Object.values(node)) deepest = Math.max(deepest, depthOf(part))
  return deepest + 1
}
