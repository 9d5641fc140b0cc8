using Microsoft.Data.Sqlite;
using Verathos.Validator.State;

namespace Verathos.Validator.Tests.State;

public sealed class OpeningTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("verathos-state-").FullName;
    private readonly StateSeal _seal = new(new byte[32]);

    private string Database => Path.Combine(_root, "state.db");

    public void Dispose()
    {
        _seal.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void A_new_state_is_empty_and_its_owners_alone()
    {
        using ValidatorState state = ValidatorState.Open(Database, _seal);
        Assert.Equal(0, state.LatestEpoch);
        Assert.Empty(state.Nodes());
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Database));
        }
    }

    [Fact]
    public void Two_cannot_write_to_one_state_and_one_may_read_beside_it()
    {
        using ValidatorState first = ValidatorState.Open(Database, _seal);
        Assert.Contains("another process has", Assert.Throws<StateException>(() => ValidatorState.Open(Database, _seal)).Message, StringComparison.Ordinal);
        using ValidatorState reader = ValidatorState.OpenReadOnly(Database);
        Assert.Empty(reader.Epochs());
    }

    [Fact]
    public void A_state_of_a_later_version_is_refused()
    {
        ValidatorState.Open(Database, _seal).Dispose();
        using (SqliteConnection connection = new($"Data Source={Database};Pooling=False"))
        {
            connection.Open();
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 1000";
            command.ExecuteNonQuery();
        }

        Assert.Contains("schema 1000", Assert.Throws<StateException>(() => ValidatorState.Open(Database, _seal)).Message, StringComparison.Ordinal);
        Assert.Throws<StateException>(() => ValidatorState.OpenReadOnly(Database));
    }

    [Fact]
    public void A_state_that_is_not_there_is_not_made_by_reading() =>
        Assert.Contains("run the validator first", Assert.Throws<StateException>(() => ValidatorState.OpenReadOnly(Database)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(0)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(20)]
    [InlineData(-1)]
    public void A_box_that_was_changed_does_not_open(int at)
    {
        byte[] box = _seal.Seal("a"u8, [1, 2, 3]);
        Assert.True(_seal.TryOpen("a"u8, box, out byte[]? plain));
        Assert.Equal([1, 2, 3], plain);
        box[at < 0 ? box.Length + at : at] ^= 1;
        Assert.False(_seal.TryOpen("a"u8, box, out _));
    }

    [Fact]
    public void A_box_opens_under_its_label_and_owner_only()
    {
        byte[] box = _seal.Seal("a"u8, [1, 2, 3]);
        Assert.False(_seal.TryOpen("b"u8, box, out _));
        Assert.False(_seal.TryOpen("a"u8, box.AsSpan(0, 10), out _));
        byte[] other = new byte[32];
        other[0] = 1;
        using StateSeal stranger = new(other);
        Assert.False(stranger.TryOpen("a"u8, box, out _));
    }
}
