using System.Buffers.Text;
using System.Text;
using Verathos.Client.Receipts;
using Verathos.Client.Requests;
using Verathos.Client.Streams;
using Verathos.Protocol.Bhttp;
using Verathos.Protocol.Exchange;
using Verathos.Protocol.Openings;
using Verathos.Protocol.Requests;

namespace Verathos.Client.Openings;

/// <summary>Reads a sealed answer with openings to its end and checks its statement.</summary>
internal static class OpeningStream
{
    private const long MaximumContent = 1L << 30;

    /// <summary>Sends the request and reads the answer.</summary>
    /// <exception cref="VerathosException">There are no openings whose statement holds; the failure and the check say why.</exception>
    public static async Task<OpeningAnswer> ReadAsync(NodeHttp http, SealedExchange exchange, AuditTicket ticket, OpeningAsk ask, CancellationToken cancellationToken)
    {
        using CancellationTokenSource idle = new(http.IdleTimeout, http.Clock);
        using CancellationTokenSource linked = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        try
        {
            using HttpResponseMessage response = await http.PostAsync(exchange, linked.Token).ConfigureAwait(false);
            using ResponseStreamOpener opener = new(exchange.CreateResponseOpener());
            Stream outer = await response.Content.ReadAsStreamAsync(linked.Token).ConfigureAwait(false);
            using MemoryStream body = new();
            byte[] buffer = new byte[64 * 1024];
            ResponsePart head = default;
            IReadOnlyList<BhttpField>? trailers = null;
            int read;
            do
            {
                int opened = opener.ChunkCount;
                read = await outer.ReadAsync(buffer, linked.Token).ConfigureAwait(false);
                ExchangeError error = read > 0 ? opener.Feed(buffer.AsSpan(0, read)) : opener.Complete();
                if (error != ExchangeError.None)
                    throw Broken(error == ExchangeError.Truncated ? "was cut" : "does not open under this request's keys");

                while (opener.TryRead(out ResponsePart part))
                {
                    head = part.Kind == BhttpPartKind.Head ? part : head;
                    trailers = part.Kind == BhttpPartKind.End ? part.Fields : trailers;
                    if (part.Kind == BhttpPartKind.Content)
                        body.Write(part.Content.Span);
                }

                // Only an opened chunk is a sign of life.
                if (opener.ChunkCount > opened)
                    idle.CancelAfter(http.IdleTimeout);
            }
            while (read > 0 && body.Length <= MaximumContent);

            if (trailers is null || body.Length > MaximumContent)
                throw Broken("was cut or is too long");

            return head.Status == 200
                ? Verify(exchange, ticket, ask, body.ToArray(), trailers)
                : throw Refused(exchange, ticket, head, Encoding.UTF8.GetString(body.GetBuffer().AsSpan(0, (int)body.Length)));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new VerathosException(ClientFailure.Unreachable, $"the connection to {exchange.Node.Node} broke: {e.Message}", e);
        }
        catch (OperationCanceledException e) when (idle.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new VerathosException(ClientFailure.Unreachable, $"{exchange.Node.Node} did not answer within {http.IdleTimeout.TotalSeconds:0} s", e);
        }
    }

    private static OpeningAnswer Verify(SealedExchange exchange, AuditTicket ticket, OpeningAsk ask, byte[] content, IReadOnlyList<BhttpField> trailers)
    {
        byte[]? cose = null;
        if (BhttpFields.Single(trailers, VerathosHeaders.Opening) is { } text)
        {
            try
            {
                cose = Base64Url.DecodeFromChars(text);
            }
            catch (FormatException)
            {
                // opening.format fails below.
                cose = [];
            }
        }

        ExpectedOpening expected = new(ticket.ReceiptDigest, ask)
        {
            RequestDigest = exchange.RequestDigest,
            Nonce = exchange.ClientNonce,
            Steps = ticket.Steps,
            SentAt = exchange.SentAt,
            ReceivedAt = exchange.Now,
        };
        OpeningChecker checker = new(exchange.Node.Statement.SigningKey, exchange.Node.Evidence.Keyset!, exchange.Node.Statement.Simulated);
        ReceiptVerdict verdict = checker.Check(cose, content, expected, out OpeningStatement? statement, out IReadOnlyList<ReadOnlyMemory<byte>> items);
        return verdict.Valid
            ? new OpeningAnswer
            {
                Ticket = ticket,
                Ask = ask,
                Content = content,
                Items = items,
                StatementBytes = cose!,
                Statement = statement!,
                Verdict = verdict,
                Node = exchange.Node,
                Elapsed = exchange.Elapsed,
            }
            : throw new VerathosException(ClientFailure.OpeningInvalid, $"the openings do not hold: {verdict.Reason}: {verdict.FirstFailure?.Detail}") { Check = verdict.Reason, Receipt = verdict };
    }

    private static VerathosException Refused(SealedExchange exchange, AuditTicket ticket, ResponsePart head, string body)
    {
        string? code = ErrorText.CodeOf(body);
        bool restarted = !exchange.Node.Statement.BootId.AsSpan().SequenceEqual(ticket.Receipt.BootId.Span);
        string? check = code switch
        {
            "opening_not_found" => restarted ? OpeningCheckNames.Restarted : OpeningCheckNames.NotFound,
            _ => code?.StartsWith("opening_", StringComparison.Ordinal) == true ? "opening." + code["opening_".Length..].Replace('_', '-') : null,
        };
        return new VerathosException(ClientFailure.Refused, $"the enclave refused to open the answer ({head.Status}): {ErrorText.Of(body)}")
        {
            StatusCode = head.Status,
            ErrorBody = body,
            Code = code,
            Check = check,
            RetryAfter = ErrorText.RetryAfter(head.Fields.FirstOrDefault(field => field.Name == "retry-after").Value),
        };
    }

    private static VerathosException Broken(string how) =>
        new(ClientFailure.StreamBroken, $"the answer with openings {how}") { Check = "stream.authentic" };
}
