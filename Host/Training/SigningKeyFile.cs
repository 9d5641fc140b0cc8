using System.Security.Cryptography;
using Verathos.GpuRuntime.Training;

namespace Verathos.Host.Training;

/// <summary>A long-lived P-256 key in a file that its owner alone can read.</summary>
internal static class SigningKeyFile
{
    /// <summary>Opens a key, or makes one.</summary>
    /// <exception cref="TrainingException">The file holds no such key.</exception>
    public static ECDsa OpenOrCreate(string path)
    {
        if (!File.Exists(path))
        {
            using ECDsa made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            byte[] secret = made.ExportPkcs8PrivateKey();
            DurableFile.Write(path, secret, isSecret: true);
            CryptographicOperations.ZeroMemory(secret);
        }

        byte[] bytes = File.ReadAllBytes(path);
        ECDsa key = ECDsa.Create();
        try
        {
            key.ImportPkcs8PrivateKey(bytes, out int read);
            return read == bytes.Length && key.ExportParameters(false).Curve.Oid.Value == "1.2.840.10045.3.1.7" ? key : throw new CryptographicException();
        }
        catch (CryptographicException exception)
        {
            key.Dispose();
            throw new TrainingException($"{path} holds no P-256 key in PKCS #8.", exception);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}
