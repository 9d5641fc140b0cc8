using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;

namespace Verathos.Protocol.Hpke;

/// <summary>
/// BouncyCastle keeps an ML-KEM private key in two managed arrays and offers no way to clear them; this reaches them by name.
/// The package's version is pinned, and a test fails if a later one renames them.
/// </summary>
internal static class MLKemMemory
{
    public static void Zero(MLKemPrivateKeyParameters key)
    {
        CryptographicOperations.ZeroMemory(Seed(key));
        CryptographicOperations.ZeroMemory(Encoding(key));
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_seed")]
    internal static extern ref byte[]? Seed(MLKemPrivateKeyParameters key);

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "m_encoding")]
    internal static extern ref byte[]? Encoding(MLKemPrivateKeyParameters key);
}
