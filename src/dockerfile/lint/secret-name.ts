const SECRET = /(?:_|^)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/;
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/;

/** The name of a variable that by BuildKit's words holds a secret. */
export function looksSecret(name: string): boolean {
  // In lower case, as a pattern that ignores case takes a millisecond to compile.
  const lower = name.toLowerCase();
  return SECRET.test(lower) && !NO_SECRET.test(lower);
}
