using System.Security.Cryptography;

namespace Verathos.Validator.Configuration;

/// <summary>
/// A validator's own secrets: 32 bytes that its state and key files are sealed with, and the P-256 key that signs its verdicts. In a
/// file of the owner's alone: the secret, then the key in PKCS #8.
/// </summary>
public sealed class OwnerKey : IDisposable
{
    private const int SecretSize = 32;
    private readonly byte[] _secret;

    private OwnerKey(byte[] secret, ECDsa signing) => (_secret, Signing) = (secret, signing);

    /// <summary>Signs verdicts.</summary>
    public ECDsa Signing { get; }

    /// <summary>32 bytes.</summary>
    public ReadOnlySpan<byte> Secret => _secret;

    /// <summary>The public key that other validators list: X || Y in 128 lower-case hexadecimal digits.</summary>
    public string PublicKey => PublicKeyOf(Signing);

    /// <summary>Draws new secrets and writes them to a file that must not be there.</summary>
    /// <exception cref="IOException">It is there, or cannot be written.</exception>
    public static OwnerKey Create(string path)
    {
        byte[] secret = GC.AllocateArray<byte>(SecretSize, pinned: true);
        RandomNumberGenerator.Fill(secret);
        ECDsa signing = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] pkcs8 = signing.ExportPkcs8PrivateKey();
        try
        {
            FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using FileStream file = new(path, options);
            file.Write(secret);
            file.Write(pkcs8);
            file.Flush(flushToDisk: true);
            return new OwnerKey(secret, signing);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }

    /// <summary>Reads the secrets.</summary>
    /// <exception cref="InvalidDataException">The file is not one that <see cref="Create"/> wrote.</exception>
    public static OwnerKey Load(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        ECDsa? signing = null;
        try
        {
            if (content.Length <= SecretSize)
            {
                throw new InvalidDataException($"{path} is no owner's key; 'verathos validator init' makes one");
            }

            signing = ECDsa.Create();
            signing.ImportPkcs8PrivateKey(content.AsSpan(SecretSize), out int read);
            if (read != content.Length - SecretSize || signing.KeySize != 256)
            {
                throw new InvalidDataException($"{path} is no owner's key; 'verathos validator init' makes one");
            }

            byte[] secret = GC.AllocateArray<byte>(SecretSize, pinned: true);
            content.AsSpan(0, SecretSize).CopyTo(secret);
            OwnerKey key = new(secret, signing);
            signing = null;
            return key;
        }
        catch (CryptographicException e)
        {
            throw new InvalidDataException($"{path} is no owner's key; 'verathos validator init' makes one", e);
        }
        finally
        {
            signing?.Dispose();
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>A public key as text: X || Y in 128 lower-case hexadecimal digits.</summary>
    public static string PublicKeyOf(ECDsa key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ECPoint point = key.ExportParameters(includePrivateParameters: false).Q;
        return Convert.ToHexStringLower([.. point.X!, .. point.Y!]);
    }

    /// <summary>The public key of a text; null where it is no point of the curve.</summary>
    public static ECDsa? FromPublicKey(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length != 128 || !text.All(char.IsAsciiHexDigitLower))
        {
            return null;
        }

        byte[] bytes = Convert.FromHexString(text);
        try
        {
            return ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new ECPoint { X = bytes[..32], Y = bytes[32..] } });
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_secret);
        Signing.Dispose();
    }
}
