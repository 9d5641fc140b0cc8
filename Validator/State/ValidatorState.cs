using Microsoft.Data.Sqlite;

namespace Verathos.Validator.State;

/// <summary>
/// What a validator remembers, in one SQLite file in WAL mode. Whatever it does is one transaction that is on disk before the next step,
/// so that a process which is killed at any point goes on from there: nothing is sent twice under one id, and nothing is counted twice.
/// Safe for concurrent use within one process; a second writing process is refused.
/// </summary>
public sealed partial class ValidatorState : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SqliteConnection _connection;
    private readonly FileStream? _writer;
    private readonly StateSeal? _seal;

    private ValidatorState(SqliteConnection connection, FileStream? writer, StateSeal? seal) => (_connection, _writer, _seal) = (connection, writer, seal);

    /// <summary>Opens or makes the state for writing, and brings its schema up to date.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seal">What secrets are sealed with; stays the caller's.</param>
    /// <exception cref="StateException">Another process writes to it, or it is of a later version.</exception>
    public static ValidatorState Open(string path, StateSeal seal)
    {
        ArgumentNullException.ThrowIfNull(seal);
        FileStream? writer = null;
        SqliteConnection? connection = null;
        try
        {
            // The lock goes with the process, however that ends.
            writer = OwnFile(path + ".lock", FileShare.None);
            OwnFile(path, FileShare.ReadWrite).Dispose();
            connection = Connect(path, SqliteOpenMode.ReadWrite);
            Sql.Run(connection, "PRAGMA journal_mode = WAL");
            Sql.Run(connection, "PRAGMA synchronous = FULL");
            Sql.Run(connection, "PRAGMA foreign_keys = ON");
            Migrate(connection);
            return new ValidatorState(connection, writer, seal);
        }
        catch (Exception e) when (e is IOException or SqliteException or StateException)
        {
            connection?.Dispose();
            writer?.Dispose();
            throw e as StateException ?? new StateException(e is IOException && writer is null
                ? $"another process has {path} open: stop it, or wait until it ends"
                : $"the state {path} cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Opens the state to read, beside a process that writes or alone.</summary>
    /// <param name="path">The file.</param>
    /// <param name="seal">Opens tickets and seeds; null where nothing sealed is read. Stays the caller's.</param>
    /// <exception cref="StateException">It is not there, or of another version.</exception>
    public static ValidatorState OpenReadOnly(string path, StateSeal? seal = null)
    {
        if (!File.Exists(path))
        {
            throw new StateException($"there is no state at {path}: run the validator first");
        }

        SqliteConnection connection = Connect(path, SqliteOpenMode.ReadWrite);
        try
        {
            if (Sql.Number(connection, "PRAGMA user_version") != Migrations.Steps.Count)
            {
                throw new StateException($"the state {path} is of another version: run this version's validator on it first");
            }

            Sql.Run(connection, "PRAGMA query_only = ON");
            return new ValidatorState(connection, null, seal);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection.Dispose();
        _writer?.Dispose();
    }

    internal static void Migrate(SqliteConnection connection)
    {
        long version = Sql.Number(connection, "PRAGMA user_version");
        if (version > Migrations.Steps.Count)
        {
            throw new StateException($"the state is of schema {version} and this program knows {Migrations.Steps.Count}: use the version that wrote it, or a later one");
        }

        for (int step = (int)version; step < Migrations.Steps.Count; step++)
        {
            using SqliteTransaction transaction = connection.BeginTransaction();
            Sql.Run(connection, Migrations.Steps[step]);
            Sql.Run(connection, $"PRAGMA user_version = {step + 1}");
            transaction.Commit();
        }
    }

    private static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        SqliteConnection connection = new(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static FileStream OwnFile(string path, FileShare share)
    {
        FileStreamOptions options = new() { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = share };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    private List<T> Read<T>(Func<SqliteDataReader, T> row, string text, params (string Name, object? Value)[] parameters)
    {
        lock (_lock)
        {
            return Sql.Read(_connection, row, text, parameters);
        }
    }

    /// <summary>One step: all of it is on disk when this returns, or nothing.</summary>
    private T Write<T>(Func<T> step)
    {
        if (_writer is null)
        {
            throw new InvalidOperationException("the state was opened to read");
        }

        lock (_lock)
        {
            using SqliteTransaction transaction = _connection.BeginTransaction();
            T result = step();
            transaction.Commit();
            return result;
        }
    }

    private void Write(Action step) => Write(() =>
    {
        step();
        return true;
    });

    private int Run(string text, params (string Name, object? Value)[] parameters) => Sql.Run(_connection, text, parameters);

    private StateSeal Seal => _seal ?? throw new InvalidOperationException("the state was opened to read");
}
