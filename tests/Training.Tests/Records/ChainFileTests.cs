using System.Security.Cryptography;
using Verathos.Training.Records;
using Verathos.Training.Rounds;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Records;

public sealed class ChainFileTests : IDisposable
{
    private readonly TrainingWorker _worker = new(1);
    private readonly TrainingWorker _restarted = new(1);

    public void Dispose()
    {
        _worker.Dispose();
        _restarted.Dispose();
    }

    [Fact]
    public void A_chain_survives_with_records_keysets_and_steps()
    {
        ChainEntry[] chain = Chain();
        Assert.True(ChainFile.TryParse(ChainFile.Encode(chain), out IReadOnlyList<ChainEntry>? read));
        Assert.Equal(3, read.Count);
        for (int i = 0; i < chain.Length; i++)
        {
            Assert.Equal(chain[i].Signed.Message.ToArray(), read[i].Signed.Message.ToArray());
            Assert.Equal(chain[i].Signed.Keyset.Digest.ToArray(), read[i].Signed.Keyset.Digest.ToArray());
            Assert.Equal(chain[i].Steps.Select(step => Convert.ToHexString(step.Encode())), read[i].Steps.Select(step => Convert.ToHexString(step.Encode())));
        }

        Assert.True(ChainFile.TryParse(ChainFile.Encode([]), out read));
        Assert.Empty(read);
    }

    [Fact]
    public void A_file_that_is_cut_or_longer_is_no_chain()
    {
        byte[] file = ChainFile.Encode(Chain());
        for (int length = 0; length < file.Length; length += 7)
        {
            Assert.False(ChainFile.TryParse(file.AsMemory(0, length), out _));
        }

        Assert.False(ChainFile.TryParse(file.AsMemory(0, file.Length - 1), out _));
        Assert.False(ChainFile.TryParse((byte[])[.. file, 0], out _));
    }

    [Fact]
    public void What_stands_in_for_a_beacon_follows_from_recipe_and_round()
    {
        byte[] recipe = SHA256.HashData("a recipe"u8), other = SHA256.HashData("another"u8);
        byte[][] values = [LocalRounds.Beacon(recipe, 1), LocalRounds.Beacon(recipe, 2), LocalRounds.Beacon(other, 1), LocalRounds.Nonce(recipe, other), LocalRounds.Worker(recipe).Bytes.ToArray()];
        Assert.Equal(values.Length, values.Select(Convert.ToHexString).Distinct().Count());
        Assert.Equal(SHA256.HashData([.. "verathos.local-beacon.v1"u8, .. recipe, 0, 0, 0, 0, 0, 0, 0, 2]), values[1]);
        Assert.Throws<ArgumentException>(() => LocalRounds.Beacon(recipe.AsSpan(1), 1));
        Assert.Throws<ArgumentException>(() => LocalRounds.Worker(recipe.AsSpan(1)));
        Assert.Throws<ArgumentException>(() => LocalRounds.Nonce(recipe.AsSpan(1), other));
    }

    private ChainEntry[] Chain()
    {
        TrainingStep[] steps = [.. Enumerable.Range(0, 2).Select(i => new TrainingStep(i, new byte[32], new byte[32], new byte[32], 3 - i))];
        return
        [
            new ChainEntry(new SignedRecord(_worker.Message, _worker.Keyset), steps), new ChainEntry(new SignedRecord(_restarted.Message, _restarted.Keyset), []),
            new ChainEntry(new SignedRecord(_worker.Message, _worker.Keyset), steps),
        ];
    }
}
