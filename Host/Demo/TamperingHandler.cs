using System.Net.Http.Headers;
using Verathos.Protocol.Evidence;
using Verathos.Protocol.Requests;

namespace Verathos.Host.Demo;

/// <summary>An attacker on the wire: changes one byte of what passes between client and node.</summary>
internal sealed class TamperingHandler(Tamper tamper) : DelegatingHandler(new SocketsHttpHandler())
{
    /// <summary>Bytes of the target as it passed unchanged; 0 while none has.</summary>
    public int Length { get; private set; }

    /// <summary>What lies at the changed byte; null until it was changed.</summary>
    public TamperRegion? Region { get; private set; }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        if (request.Method == HttpMethod.Get)
        {
            HttpResponseMessage response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode && response.Content.Headers.ContentType?.MediaType == MediaTypes.Evidence)
            {
                Replace(response, ChangeEvidence(await response.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false)));
            }

            return response;
        }

        if (tamper.Target == TamperTarget.Request)
        {
            byte[] body = await request.Content!.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            ByteArrayContent changed = new(Change(body, new TamperRegion("sealed request", TamperCheck.RequestAuthentic)));
            changed.Headers.ContentType = request.Content.Headers.ContentType;
            request.Content = changed;
        }

        HttpResponseMessage answer = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (tamper.Target == TamperTarget.Stream && answer.IsSuccessStatusCode)
        {
            byte[] body = await answer.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            Replace(answer, Change(body, new TamperRegion("sealed answer", TamperCheck.StreamAuthentic, TamperCheck.StreamComplete)));
        }

        return answer;
    }

    private byte[] ChangeEvidence(byte[] raw)
    {
        if (!EvidenceCollection.TryDecode(raw, out EvidenceCollection? evidence, out _))
        {
            return raw;
        }

        return tamper.Target switch
        {
            TamperTarget.Quote => (evidence with { CpuEvidence = Change(evidence.CpuEvidence.Span, TamperRegion.OfQuote(evidence.CpuEvidence.Span, tamper.Offset)) }).Encode(),
            TamperTarget.Gpu when evidence.Gpus.Count > 0 => (evidence with
            {
                Gpus =
                [
                    evidence.Gpus[0] with { Report = Change(evidence.Gpus[0].Report.Span, TamperRegion.OfGpuReport(tamper.Offset, evidence.Gpus[0].Report.Length)) },
                    .. evidence.Gpus.Skip(1),
                ],
            }).Encode(),
            TamperTarget.Keyset => (evidence with { Keyset = Change(evidence.Keyset.Span, TamperRegion.OfKeyset()) }).Encode(),
            _ => raw,
        };
    }

    private byte[] Change(ReadOnlySpan<byte> bytes, TamperRegion region)
    {
        Length = bytes.Length;
        if (tamper.Offset >= bytes.Length)
        {
            return bytes.ToArray();
        }

        Region = region;
        return Tamper.Flip(bytes, tamper.Offset);
    }

    private static void Replace(HttpResponseMessage response, byte[] body)
    {
        MediaTypeHeaderValue? type = response.Content.Headers.ContentType;
        response.Content = new ByteArrayContent(body);
        response.Content.Headers.ContentType = type;
    }
}
