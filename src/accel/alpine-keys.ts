import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * sha256 of the keys with which Alpine signs its repositories (DER, SubjectPublicKeyInfo), by the number in a key's name:
 * package alpine-keys 2.4, the same in Alpine 3.17 to 3.20.
 */
const ALPINE_KEYS: Readonly<Record<string, string>> = {
  '4a6a0840': '4e0c26751a474db486b0a8f37e37ff02e12465e8cea8ef08614ac173cb870f28',
  '5243ef4b': '40e738cce781c04cac98adf11a1574efdf84209661f6c93098013a0b4809ca00',
  '524d27bb': 'cc0b5f10577afdbb3ec288feae97d5681d508cd7086e45693a938e92322d5c5c',
  '5261cecb': 'bb1f0937c138e81a838e0958c4c756547dac85794e38bf1a5536a0808dcf95f2',
  '58199dcc': '635a0325ac8c11ec329698586cd2a8e54c18ba376d5d4bc215a489e1a774fb88',
  '58cbb476': 'f3d1a46b632166cee03485c05b63fd8687a7a7d8b1d27528718029c63a955319',
  '58e4f17d': '556c20b04b6b517652477f20108350367c125994f07196d765bd836063ffc236',
  '5e69ca50': 'cae5d12519633b68c607cad9411669b3b18c041b123e8f08e49260697ee2c336',
  '60ac2099': 'c0bd6da992b7158927aae7c11fc416a2c7d63fd2a47db238a0e8f636ebf2fc9d',
  '6165ee59': '8a70fc55f1a6fb2a392ad5a3e71aff82a637b2b33659c046f6b6a909bb5d1ab7',
  '61666e3f': '06216db06044f26845ff610f2c253863b9e01fbd4c5557871b8bfa2f5ac96e95',
  '616a9724': '4cff6544e8548bd10f959de619ab2184867c8016f03a5c6b8da6f3e88bfb1625',
  '616abc23': '654f5e12a67c95bedf92da80b6257abba7fe1df6698820825d793a33d677e3a1',
  '616ac3bc': '2ace5cf3235c095544c26ec946611836f39324aa264f75862fe0332eb17f0975',
  '616adfeb': '45d409999dd3e16dfce19757fc48f238ae775d17ca319e08e474a471f1ab6521',
  '616ae350': '479f16f4170a9ea0c65e1de854860949b1a549cfa1f43552f7a2e821c9e2f409',
  '616db30d': '32246c9a9673e3f6e7bef6c96031883d23078f41094ea6636d19a697f356420a',
};

/** Where an Alpine system keeps its keys. */
export const KEY_FOLDERS = ['/etc/apk/keys', '/usr/share/apk/keys'] as const;

/** A key by the name that signatures have for it. */
export type AlpineKeys = ReadonlyMap<string, KeyObject>;

/**
 * The keys to believe, of all that are at hand: those in this machine's folders, and of the root filesystem's, which are
 * anyone's, those that this version of polyarch knows to be Alpine's.
 */
export function trustedKeys(of: {
  readonly machine: ReadonlyMap<string, string>;
  readonly root: ReadonlyMap<string, string>;
}): AlpineKeys {
  const trusted = new Map<string, KeyObject>();
  for (const [texts, all] of [
    [of.root, false],
    [of.machine, true],
  ] as const) {
    for (const [name, text] of texts) {
      const key = readKey(text);
      if (key !== undefined && (all || isAlpines(name, key))) trusted.set(name, key);
    }
  }
  return trusted;
}

function readKey(text: string): KeyObject | undefined {
  try {
    const key = createPublicKey(text);
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

function isAlpines(name: string, key: KeyObject): boolean {
  const number = /-([0-9a-f]{8})\.rsa\.pub$/.exec(name)?.[1] ?? '';
  const digest = createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest('hex');
  return Object.hasOwn(ALPINE_KEYS, number) && ALPINE_KEYS[number] === digest;
}

/** A folder's keys that this machine's administrator, or its own Alpine, put there. */
export function machineKeys(folders: readonly string[] = KEY_FOLDERS): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const folder of folders) {
    let names: string[] = [];
    try {
      names = readdirSync(folder).filter((name) => name.endsWith('.pub'));
    } catch {
      // There is no such folder.
    }
    for (const name of names) keys.set(name, readFileSync(join(folder, name), 'utf8'));
  }
  return keys;
}
