using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Verathos.Simulator.Authorities;

/// <summary>
/// The keys and authority certificates of one installation on disk. All of them are written to a folder under another
/// name, which one rename then publishes: whoever loses the race opens what the winner wrote.
/// </summary>
internal sealed class AuthorityFolder : IDisposable
{
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode OwnerFolder = OwnerFile | UnixFileMode.UserExecute;

    private readonly string folder;
    private readonly Dictionary<string, ECDsa> keys = [];
    private readonly Dictionary<string, X509Certificate2> certificates = [];
    private readonly Lock gate = new();

    private AuthorityFolder(string folder) => this.folder = folder;

    private string Published => Path.Combine(folder, "authority");

    public static AuthorityFolder OpenOrCreate(string folder)
    {
        CreateFolder(folder);
        var authorities = new AuthorityFolder(folder);
        try
        {
            if (!Directory.Exists(authorities.Published))
            {
                authorities.Create();
            }

            authorities.Load();
            return authorities;
        }
        catch
        {
            authorities.Dispose();
            throw;
        }
    }

    /// <summary>The private key of that name; it belongs to this folder.</summary>
    public ECDsa Key(string name)
    {
        lock (gate)
        {
            if (!keys.TryGetValue(name, out ECDsa? key))
            {
                key = ReadKey(Path.Combine(Published, name + ".key"));
                keys.Add(name, key);
            }

            return key;
        }
    }

    /// <summary>A key that no file keeps: the same one for as long as this object lives.</summary>
    public ECDsa Ephemeral(string name, ECCurve curve)
    {
        lock (gate)
        {
            if (!keys.TryGetValue(name, out ECDsa? key))
            {
                key = ECDsa.Create(curve);
                keys.Add(name, key);
            }

            return key;
        }
    }

    /// <summary>The authority certificate of that name; it belongs to this folder.</summary>
    public X509Certificate2 Certificate(string name) => certificates[name];

    /// <summary>Writes the roots where a verifier looks for them; the same bytes every time.</summary>
    public SimulatedRoots ExportRoots()
    {
        string Export(string name, string file)
        {
            string pem = certificates[name].ExportCertificatePem() + "\n";
            string path = Path.Combine(folder, file);
            if (!File.Exists(path) || File.ReadAllText(path) != pem)
            {
                string temporary = Path.Combine(folder, "." + file + "-" + RandomName());
                File.WriteAllText(temporary, pem);
                File.Move(temporary, path, overwrite: true);
            }

            return pem;
        }

        return new SimulatedRoots(
            Export(IntelAuthority.Root, SimulatedRoots.IntelRootFile),
            Export(NvidiaAuthority.DeviceRoot, SimulatedRoots.NvidiaDeviceRootFile),
            Export(NvidiaAuthority.RimRoot, SimulatedRoots.NvidiaRimRootFile),
            folder);
    }

    public void Dispose()
    {
        lock (gate)
        {
            foreach (ECDsa key in keys.Values)
            {
                key.Dispose();
            }

            foreach (X509Certificate2 certificate in certificates.Values)
            {
                certificate.Dispose();
            }

            keys.Clear();
            certificates.Clear();
        }
    }

    private void Create()
    {
        string temporary = Path.Combine(folder, ".authority-" + RandomName());
        CreateFolder(temporary);
        var made = new Dictionary<string, ECDsa>();
        try
        {
            foreach ((string name, ECCurve curve) in IntelAuthority.Keys.Concat(NvidiaAuthority.Keys))
            {
                var key = ECDsa.Create(curve);
                made.Add(name, key);
                WriteOwned(Path.Combine(temporary, name + ".key"), key.ExportPkcs8PrivateKeyPem());
            }

            foreach ((string name, X509Certificate2 certificate) in
                     IntelAuthority.Certify(name => made[name]).Concat(NvidiaAuthority.Certify(name => made[name])))
            {
                using (certificate)
                {
                    WriteOwned(Path.Combine(temporary, name + ".crt"), certificate.ExportCertificatePem());
                }
            }

            Publish(temporary);
        }
        finally
        {
            foreach (ECDsa key in made.Values)
            {
                key.Dispose();
            }

            if (Directory.Exists(temporary))
            {
                Directory.Delete(temporary, recursive: true);
            }
        }
    }

    private void Publish(string temporary)
    {
        try
        {
            Directory.Move(temporary, Published);
        }
        catch (IOException) when (Directory.Exists(Published))
        {
            // Another process was first; its keys are the installation's.
        }
    }

    private void Load()
    {
        try
        {
            foreach (string name in IntelAuthority.CertificateNames.Concat(NvidiaAuthority.CertificateNames))
            {
                certificates.Add(
                    name, X509Certificate2.CreateFromPem(File.ReadAllText(Path.Combine(Published, name + ".crt"))));
            }
        }
        catch (Exception error) when (error is FileNotFoundException or CryptographicException)
        {
            throw Damaged(error);
        }
    }

    private ECDsa ReadKey(string path)
    {
        var key = ECDsa.Create();
        char[]? pem = null;
        try
        {
            byte[] bytes = File.ReadAllBytes(path);
            pem = Encoding.ASCII.GetChars(bytes);
            CryptographicOperations.ZeroMemory(bytes);
            key.ImportFromPem(pem);
            return key;
        }
        catch (Exception error) when (error is FileNotFoundException or CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw Damaged(error);
        }
        finally
        {
            pem.AsSpan().Clear();
        }
    }

    private InvalidDataException Damaged(Exception error) => new(
        $"The simulated authorities in {Published} are damaged; delete that folder to have new ones made", error);

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, OwnerFolder);
        }
    }

    private static void WriteOwned(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        using var writer = new StreamWriter(path, Encoding.ASCII, options);
        writer.Write(text);
        writer.Write('\n');
    }

    private static string RandomName() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
}
