using System.Security.Cryptography;
using Verathos.Host.Training;
using Verathos.Protocol.Receipts;
using Verathos.Training;
using Verathos.Training.Records;

namespace Verathos.Host.Tests.Training;

public sealed class RecordHeadsTests : IDisposable
{
    private static readonly byte[] s_initial = SHA256.HashData("the initial state"u8);
    private readonly SmallRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public async Task A_record_begins_with_the_state_after_the_last_one_that_a_round_took()
    {
        SmallRun.Member member = await _run.MemberAsync();
        RecordBook book = new(_run.In("book"));
        HashSet<ulong> taken = [];
        RecordHeads heads = new(s_initial, book, (round, worker) => worker == member.Key && taken.Contains(round));
        TrainingRecord[] records = [.. Enumerable.Range(1, 4).Select(round => Next(member, round))];
        Assert.Equal(s_initial, heads.StateBefore(records[0])!.Value.ToArray());

        // Of a record some before which were not seen nothing is said: an honest worker would be accused of a state that is not known here.
        Assert.Null(heads.StateBefore(records[1]));
        foreach (TrainingRecord record in records[..3])
        {
            Assert.True(book.Add(member.Key, new KeptRecord(new SignedRecord(_messages[record.Counter], member.Enclave.Keyset), record), null));
        }

        // No round took one yet: each counts as never trained.
        Assert.Equal(s_initial, heads.StateBefore(records[3])!.Value.ToArray());
        taken.Add(1);
        Assert.Equal(records[0].OptimiserRoot.ToArray(), heads.StateBefore(records[3])!.Value.ToArray());
        taken.Add(3);
        Assert.Equal(records[2].OptimiserRoot.ToArray(), heads.StateBefore(records[3])!.Value.ToArray());
        Assert.Equal(records[0].OptimiserRoot.ToArray(), heads.StateBefore(records[2])!.Value.ToArray());
        Assert.Equal(s_initial, heads.StateBefore(records[0])!.Value.ToArray());
    }

    private readonly Dictionary<ulong, byte[]> _messages = [];

    private TrainingRecord Next(SmallRun.Member member, int round)
    {
        member.State = SHA256.HashData([(byte)round]);
        member.Train((ulong)round, _run.Run.BeaconOf((ulong)round), SmallRun.FirstRoot);
        _messages[(ulong)round] = member.Record;
        return member.Claims;
    }
}
