using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Verathos.Simulator.Authorities;
using Verathos.Simulator.Ocsp;

namespace Verathos.Simulator.Nvidia;

/// <summary>Answers for the authorities of simulated devices whether certificates are revoked (RFC 6960).</summary>
public sealed class SimulatedOcsp
{
    private readonly NvidiaAuthority nvidia;
    private readonly TimeProvider time;
    private readonly Renewable<ConcurrentDictionary<string, IReadOnlyList<byte[]>>> current;

    internal SimulatedOcsp(NvidiaAuthority nvidia, TimeProvider time)
    {
        this.nvidia = nvidia;
        this.time = time;
        current = new(time, TimeSpan.FromDays(1), _ => new());
    }

    /// <summary>Good answers about one device, as a responder serves them: the same bytes for 18 hours.</summary>
    /// <param name="chain">As for <see cref="Answer"/>.</param>
    public IReadOnlyList<byte[]> Current(ReadOnlySpan<byte> chain)
    {
        byte[] copy = chain.ToArray();
        return current.Current.GetOrAdd(Convert.ToHexString(SHA256.HashData(copy)), _ => Answer(copy));
    }

    /// <summary>
    /// Answers about one device: for the boot ROM's certificate, the provisioner's and the identity authority's. Nobody answers for the
    /// leaf, which the device makes for itself.
    /// </summary>
    /// <param name="chain">The device's certificates as it hands them out, leaf first.</param>
    /// <param name="change">What the answer for a certificate says, from 1 for the boot ROM's to 3 for the identity authority's; null for good answers.</param>
    /// <returns>One response for each certificate, DER.</returns>
    /// <exception cref="ArgumentException">The chain is not one of five certificates of this installation.</exception>
    public IReadOnlyList<byte[]> Answer(ReadOnlySpan<byte> chain, Func<int, OcspSpec>? change = null)
    {
        X509Certificate2Collection certificates = [];
        certificates.ImportFromPem(Encoding.ASCII.GetString(chain));
        try
        {
            if (certificates.Count != 5)
            {
                throw new ArgumentException($"the chain has {certificates.Count} certificates instead of 5", nameof(chain));
            }

            // A device may hand its certificates out in any order.
            X509Certificate2[] path = new X509Certificate2[5];
            path[0] = certificates.First(leaf => !certificates.Any(other => other != leaf && other.IssuerName.RawData.AsSpan().SequenceEqual(leaf.SubjectName.RawData)));
            for (int i = 1; i < path.Length; i++)
            {
                path[i] = certificates.FirstOrDefault(issuer => issuer.SubjectName.RawData.AsSpan().SequenceEqual(path[i - 1].IssuerName.RawData)) ?? path[i - 1];
            }

            string[] issuers = [NvidiaAuthority.Provisioner, NvidiaAuthority.Identity, NvidiaAuthority.DeviceRoot];
            List<byte[]> answers = [];
            for (int i = 1; i <= issuers.Length; i++)
            {
                answers.Add(OcspAuthor.Write(
                    change?.Invoke(i) ?? new OcspSpec(), path[i], path[i + 1], nvidia.Key(issuers[i - 1]), time.GetUtcNow()));
            }

            return answers;
        }
        finally
        {
            foreach (X509Certificate2 certificate in certificates)
            {
                certificate.Dispose();
            }
        }
    }
}
