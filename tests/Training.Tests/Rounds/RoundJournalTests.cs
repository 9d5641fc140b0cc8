using Verathos.Testing;
using Verathos.Training.Rounds;
using Verathos.Training.Tests.Support;

namespace Verathos.Training.Tests.Rounds;

public sealed class RoundJournalTests
{
    private static readonly DateTimeOffset At = TrainingWorker.Start;

    private static readonly RoundEvent[] Events =
    [
        new RoundEvent.Opened(new byte[32], At),
        new RoundEvent.Committed(Samples.Worker(1), new byte[32], At.AddTicks(1)),
        new RoundEvent.CommitmentsClosed(At.AddSeconds(1)),
        new RoundEvent.Revealed(Samples.Worker(1), new byte[32], new byte[] { 1, 2 }, new byte[] { 3 }, At.AddSeconds(2)),
        new RoundEvent.Revealed(Samples.Worker(2), new byte[32], new byte[] { 1, 2 }, new byte[] { 3 }, At.AddSeconds(2)) { Links = [new byte[] { 4 }, Array.Empty<byte>()] },
        new RoundEvent.Renewed(Samples.Worker(1), new byte[] { 5 }, At.AddSeconds(2)),
        new RoundEvent.RevealsClosed(At.AddSeconds(3)),
        new RoundEvent.Judged(new byte[] { 6 }, new byte[] { 7, 8 }, At.AddSeconds(3)),
        new RoundEvent.Closed(At.AddSeconds(3)),
        new RoundEvent.Abandoned(At.AddSeconds(4)),
    ];

    [Fact]
    public void Events_survive_and_anything_else_is_refused()
    {
        foreach (RoundEvent happened in Events)
        {
            byte[] encoded = RoundEventEncoding.Encode(happened);
            Assert.True(RoundEventEncoding.TryParse(encoded, out RoundEvent? read));
            Assert.Equal(happened.GetType(), read.GetType());
            Assert.Equal(happened.At, read.At);
            Assert.Equal(encoded, RoundEventEncoding.Encode(read));
            Assert.False(RoundEventEncoding.TryParse(encoded.AsSpan(0, encoded.Length - 1), out _));
            Assert.False(RoundEventEncoding.TryParse([.. encoded, 0], out _));
        }

        // No reveal that a round takes has more.
        RoundEvent.Revealed Linked(int links) => new(Samples.Worker(2), new byte[32], new byte[1], new byte[1], At) { Links = [.. Enumerable.Repeat((ReadOnlyMemory<byte>)new byte[1], links)] };
        Assert.True(RoundEventEncoding.TryParse(RoundEventEncoding.Encode(Linked(1024)), out _));
        Assert.False(RoundEventEncoding.TryParse(RoundEventEncoding.Encode(Linked(1025)), out _));
        Assert.False(RoundEventEncoding.TryParse([0x82, 0x07, 0x00], out _));
        Assert.False(RoundEventEncoding.TryParse([0x83, 0x03, 0x00, 0x00], out _));
        Assert.False(RoundEventEncoding.TryParse([0x82, 0x03, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], out _));
    }

    [Fact]
    public void A_journal_cut_anywhere_keeps_every_whole_event_and_goes_on()
    {
        string path = Write("cut");
        byte[] whole = File.ReadAllBytes(path);
        int[] ends = Ends(whole);
        foreach (int length in Enumerable.Range(0, whole.Length + 1))
        {
            File.WriteAllBytes(path, whole[..length]);
            using RoundJournal journal = new(path);
            int kept = ends.Count(end => end <= length);
            Assert.Equal(Events[..kept].Select(RoundEventEncoding.Encode), journal.Events.Select(RoundEventEncoding.Encode));
        }

        File.WriteAllBytes(path, whole[..(ends[2] + 5)]);
        using (RoundJournal journal = new(path))
        {
            journal.Append(Events[3]);
        }

        Assert.Equal(whole[..ends[3]], File.ReadAllBytes(path));
    }

    [Fact]
    public void A_changed_byte_or_a_lost_event_is_an_error()
    {
        string path = Write("changed");
        byte[] whole = File.ReadAllBytes(path);
        int[] ends = Ends(whole);
        for (int i = 4; i < ends[0]; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 1;
            File.WriteAllBytes(path, changed);
            Assert.Throws<InvalidDataException>(() => new RoundJournal(path));
        }

        File.WriteAllBytes(path, [.. whole[..ends[0]], .. whole[ends[1]..]]);
        Assert.Throws<InvalidDataException>(() => new RoundJournal(path));
        File.WriteAllBytes(path, [.. whole, 0, 0, 0, 0]);
        Assert.Throws<InvalidDataException>(() => new RoundJournal(path));
    }

    [Fact]
    public void A_journal_has_one_owner()
    {
        string path = Write("owner");
        using RoundJournal journal = new(path);
        Assert.Throws<IOException>(() => new RoundJournal(path));
    }

    private static string Write(string name)
    {
        string path = RunFolder.Path($"journal-{name}");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using RoundJournal journal = new(path);
        Array.ForEach(Events, journal.Append);
        return path;
    }

    private static int[] Ends(byte[] whole)
    {
        List<int> ends = [];
        for (int at = 0; at < whole.Length; at = ends[^1])
        {
            ends.Add(at + 4 + System.Buffers.Binary.BinaryPrimitives.ReadInt32BigEndian(whole.AsSpan(at)) + 32);
        }

        return [.. ends];
    }
}
