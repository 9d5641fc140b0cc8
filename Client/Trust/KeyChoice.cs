using Verathos.Attestation.Policies;
using Verathos.Protocol.Hpke;
using Verathos.Protocol.Ohttp;

namespace Verathos.Client.Trust;

/// <summary>Which of a keyset's HPKE keys to seal to.</summary>
internal static class KeyChoice
{
    private static readonly HpkeKem[] Preferred = [HpkeKem.XWing, HpkeKem.X25519];

    /// <summary>The first of X-Wing and X25519 that the policy takes and the keyset offers with HKDF-SHA256 and AES-256-GCM.</summary>
    public static OhttpKeyConfig? Choose(IReadOnlyList<OhttpKeyConfig> keys, Policy policy)
    {
        foreach (HpkeKem kem in Preferred)
        {
            if (!policy.Node.Kems.IsWaived && !policy.Node.Kems.Value.Contains((int)kem))
                continue;

            OhttpKeyConfig? key = keys.FirstOrDefault(candidate => candidate.Kem == kem && candidate.TryGetSuite(HpkeAead.Aes256Gcm, out _));
            if (key is not null)
                return key;
        }

        return null;
    }
}
