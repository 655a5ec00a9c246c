import { checkCredential, keptCredential, login, loginHost, type LoginOptions } from '../../build/login.ts';
import { PolyarchError } from '../../util/error.ts';
import { askOnTerminal } from '../ask.ts';
import type { CliCommand } from '../command.ts';
import type { CliContext } from '../context.ts';
import { type RegistryFlags, registryFlags, registryOptions } from '../workspace.ts';

interface LoginFlags extends RegistryFlags {
  readonly username?: string;
  readonly password?: string;
  readonly passwordStdin?: boolean;
}

const EXAMPLES = `
The registry is asked first; only what it takes is stored, where Docker keeps it and all tools look: in config.json of
$DOCKER_CONFIG (else ~/.docker), or in the credential helper that is configured there.

Examples:
  echo "$TOKEN" | polyarch login -u ci --password-stdin registry.example
      for scripts
  polyarch login
      Docker Hub; asks for user and password`;

/** More is no password, in bytes. */
const MAX_PASSWORD = 64 * 1024;

const command: CliCommand = {
  define(program, context, done) {
    const defined = program
      .argument('[registry]', 'HOST[:PORT] (default: Docker Hub)')
      .option('-u, --username <name>', 'the user')
      .option('--password-stdin', 'read the password or token from stdin')
      .option('-p, --password <password>', 'refused: other users see arguments; --password-stdin instead')
      .addHelpText('after', EXAMPLES);
    registryFlags(defined).action(async (registry: string | undefined, flags: LoginFlags) => {
      const host = loginHost(registry);
      const options = { ...registryOptions(context, flags), signal: context.signal };
      if (flags.password !== undefined) {
        throw new PolyarchError('INVALID_ARGUMENT', 'a password among the arguments is seen by other users', {
          hint: `echo "$PASSWORD" | polyarch login -u USER --password-stdin ${host}; and change the one that was shown`,
        });
      }
      if (!(await kept(host, flags, options))) {
        const { kept, token, checked } = await login(host, await credentials(host, flags, context), options);
        if (!checked) context.notice(`note: ${host} asked for no credentials: they are stored, but were not checked`);
        if (kept.helper === undefined) {
          const what = token ? 'a token that the registry gave for it' : 'the password, not encrypted,';
          context.notice(`note: ${what} is in ${kept.file}; a credential helper (credsStore) keeps it safer`);
        }
      }
      context.stdout.write('Login Succeeded\n');
      done(0);
    });
  },
};

export default command;

/** Without a user, what is kept already is shown to the registry, as docker login does. */
async function kept(host: string, flags: LoginFlags, options: LoginOptions): Promise<boolean> {
  if (flags.username !== undefined || flags.passwordStdin === true) return false;
  const credential = await keptCredential(host, options);
  if (credential === undefined) return false;
  try {
    options.notice('trying the credentials that are stored');
    await checkCredential(host, credential, options);
    return true;
  } catch (error) {
    if (!(error instanceof PolyarchError) || error.code !== 'UNAUTHORIZED') throw error;
    options.notice(`note: ${error.message}`);
    return false;
  }
}

async function credentials(
  host: string,
  { username, passwordStdin }: LoginFlags,
  context: CliContext,
): Promise<{ username: string; password: string }> {
  if (passwordStdin === true) {
    if (username === undefined)
      throw missing('the user', `echo "$PASSWORD" | polyarch login -u USER --password-stdin ${host}`);
    const password = await passwordOf(context.stdin);
    if (password === '') throw missing('the password', 'stdin was empty');
    return { username, password };
  }
  if (!context.stdin.isTTY) {
    throw new PolyarchError('NO_TERMINAL', 'there is no terminal to ask for user and password on', {
      hint: `echo "$PASSWORD" | polyarch login -u USER --password-stdin ${host}`,
    });
  }
  const user = { prompt: `User of ${host}: `, secret: false };
  const secret = { prompt: 'Password: ', secret: true };
  const answers = await askOnTerminal(username === undefined ? [user, secret] : [secret], context);
  const [given = '', password = ''] = username === undefined ? answers : [username, ...answers];
  if (given === '') throw missing('the user', 'type it, or give -u');
  if (password === '') throw missing('the password', 'type it; nothing is shown meanwhile');
  return { username: given, password };
}

/** All of stdin but the end of its last line. */
async function passwordOf(stdin: AsyncIterable<Uint8Array | string>): Promise<string> {
  let text = '';
  for await (const part of stdin) {
    text += Buffer.from(part).toString('latin1');
    if (text.length > MAX_PASSWORD)
      throw new PolyarchError('INVALID_ARGUMENT', `stdin holds more than ${MAX_PASSWORD} bytes: that is no password`);
  }
  return Buffer.from(text, 'latin1')
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

function missing(what: string, hint: string): PolyarchError {
  return new PolyarchError('MISSING_ARGUMENT', `login: ${what} is left out`, { hint });
}
