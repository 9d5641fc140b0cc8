using System.Security.Cryptography;
using Verathos.Attestation.Verdicts;
using Verathos.Protocol.Keys;
using Verathos.Protocol.Receipts;
using Verathos.Training;

namespace Verathos.Host.Training;

/// <content>Joins.</content>
internal sealed partial class Coordinator
{
    private const int MostNonces = 4096;
    private const int MostAddress = 200;
    private static readonly TimeSpan s_nonceLife = TimeSpan.FromMinutes(5);

    /// <summary>A nonce for the evidence that a worker joins with; null where too many are out.</summary>
    public byte[]? MakeNonce()
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            foreach (string old in _nonces.Where(pair => now - pair.Value > s_nonceLife).Select(static pair => pair.Key).ToArray())
            {
                _nonces.Remove(old);
            }

            if (_nonces.Count >= MostNonces)
            {
                return null;
            }

            byte[] nonce = RandomNumberGenerator.GetBytes(32);
            _nonces[Convert.ToHexString(nonce)] = DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds());
            return nonce;
        }
    }

    /// <summary>Makes a worker a member of the run, or takes another keyset of one.</summary>
    /// <param name="request">The worker's request.</param>
    /// <param name="hotkey">Its key, a COSE_Key.</param>
    /// <param name="nonce">The nonce that the evidence answers.</param>
    /// <param name="collection">The evidence.</param>
    /// <param name="address">Where validators reach it.</param>
    /// <param name="detail">What was found.</param>
    public JoinReply Join(ReadOnlyMemory<byte> request, ReadOnlySpan<byte> hotkey, ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> collection, string address, out string detail)
    {
        detail = "";
        if (!CoseKey.TryParse(hotkey, out CoseKey? key) || !RequestCheck.Speaks(key, request.Span, Run.Id, "join", 0, RequestBodies.Join(nonce, collection, address)))
        {
            return JoinReply.Request;
        }

        WorkerKey worker = new(TrainingRequest.NameOf(key));
        if (address.Length > MostAddress || (address.Length > 0 && !(Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https")))
        {
            return JoinReply.Address;
        }

        MemberEvidence evidence;
        DateTimeOffset now = _time.GetUtcNow();
        lock (_gate)
        {
            // Used up even where the rest fails, so that no nonce answers twice.
            if (!_nonces.Remove(Convert.ToHexString(nonce.Span), out DateTimeOffset madeAt) || now - madeAt > s_nonceLife)
            {
                return JoinReply.Nonce;
            }

            evidence = new MemberEvidence(collection, nonce, madeAt);
            if (Run.Workers is { } allowed && !allowed.Contains(worker.ToString()))
            {
                return JoinReply.NotAllowed;
            }

            if (!_roster.ContainsKey(worker) && _roster.Count >= Run.Rounds.MostWorkers)
            {
                return JoinReply.Full;
            }
        }

        // The slow part, which needs nothing that others change.
        JoinReply reply = _check.Check(Run, _firstRoot, worker, evidence, now, TimeSource.Verifier, out Keyset? keyset, out _, out detail);
        if (reply != JoinReply.Joined)
        {
            return reply;
        }

        lock (_gate)
        {
            if (!_roster.ContainsKey(worker) && _roster.Count >= Run.Rounds.MostWorkers)
            {
                return JoinReply.Full;
            }

            RosterEntry joined = new(worker, key, address, [keyset!], 0, null, 0);
            _store.Join(joined, evidence);
            bool isNew = !_roster.ContainsKey(worker);
            Take(joined);
            if (_round is { } round)
            {
                Renew(round, _roster[worker]);
            }

            _tell($"worker {worker.ToString()[..12]} {(isNew ? "joined" : "came back with another keyset")}");
            Changed();
            Step();
            return JoinReply.Joined;
        }
    }
}
