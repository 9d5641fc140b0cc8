using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Verathos.Validator.State;

/// <summary>Statements and columns: times as milliseconds since 1970 in UTC, durations in microseconds, enumerations by name.</summary>
internal static class Sql
{
    /// <summary>Runs a statement.</summary>
    /// <returns>How many rows it changed.</returns>
    public static int Run(SqliteConnection connection, string text, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Command(connection, text, parameters);
        return command.ExecuteNonQuery();
    }

    /// <summary>The first column of the first row; null without one.</summary>
    public static object? Scalar(SqliteConnection connection, string text, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Command(connection, text, parameters);
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    /// <summary>A whole number; 0 without one.</summary>
    public static long Number(SqliteConnection connection, string text, params (string Name, object? Value)[] parameters) =>
        Scalar(connection, text, parameters) is long number ? number : 0;

    /// <summary>All rows.</summary>
    public static List<T> Read<T>(SqliteConnection connection, Func<SqliteDataReader, T> row, string text, params (string Name, object? Value)[] parameters)
    {
        using SqliteCommand command = Command(connection, text, parameters);
        using SqliteDataReader reader = command.ExecuteReader();
        List<T> rows = [];
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    public static long Time(DateTimeOffset at) => at.ToUnixTimeMilliseconds();

    public static long? Time(DateTimeOffset? at) => at?.ToUnixTimeMilliseconds();

    public static long? Micros(TimeSpan? span) => span is { } value ? (long)value.TotalMicroseconds : null;

    public static DateTimeOffset Time(this SqliteDataReader reader, string column) => DateTimeOffset.FromUnixTimeMilliseconds(reader.Number(column));

    public static DateTimeOffset? TimeOrNull(this SqliteDataReader reader, string column) => reader.NumberOrNull(column) is { } ms ? DateTimeOffset.FromUnixTimeMilliseconds(ms) : null;

    public static TimeSpan? SpanOrNull(this SqliteDataReader reader, string column) => reader.NumberOrNull(column) is { } us ? TimeSpan.FromMicroseconds(us) : null;

    public static long Number(this SqliteDataReader reader, string column) => reader.GetInt64(reader.GetOrdinal(column));

    public static long? NumberOrNull(this SqliteDataReader reader, string column) => reader.GetOrdinal(column) is var at && reader.IsDBNull(at) ? null : reader.GetInt64(at);

    public static int Int(this SqliteDataReader reader, string column) => checked((int)reader.Number(column));

    public static bool Flag(this SqliteDataReader reader, string column) => reader.Number(column) != 0;

    public static string Text(this SqliteDataReader reader, string column) => reader.GetString(reader.GetOrdinal(column));

    public static string? TextOrNull(this SqliteDataReader reader, string column) => reader.GetOrdinal(column) is var at && reader.IsDBNull(at) ? null : reader.GetString(at);

    public static byte[] Bytes(this SqliteDataReader reader, string column) => reader.BytesOrNull(column) ?? throw new InvalidDataException($"{column} is null");

    public static byte[]? BytesOrNull(this SqliteDataReader reader, string column) => reader.GetOrdinal(column) is var at && reader.IsDBNull(at) ? null : reader.GetFieldValue<byte[]>(at);

    public static T Name<T>(this SqliteDataReader reader, string column)
        where T : struct, Enum => Enum.Parse<T>(reader.Text(column));

    public static T? NameOrNull<T>(this SqliteDataReader reader, string column)
        where T : struct, Enum => reader.TextOrNull(column) is { } name ? Enum.Parse<T>(name) : null;

    private static SqliteCommand Command(SqliteConnection connection, string text, (string Name, object? Value)[] parameters)
    {
        SqliteCommand command = connection.CreateCommand();
#pragma warning disable CA2100 // Every text is a constant of this assembly; values go in as parameters.
        command.CommandText = text;
#pragma warning restore CA2100
        foreach ((string name, object? value) in parameters)
        {
            command.Parameters.AddWithValue(name, value switch
            {
                null => DBNull.Value,
                Enum named => named.ToString(),
                bool flag => flag ? 1L : 0L,
                int number => (long)number,
                ulong number => unchecked((long)number),
                Uri uri => uri.OriginalString,
                IFormattable formattable and not long => formattable.ToString(null, CultureInfo.InvariantCulture),
                _ => value,
            });
        }

        return command;
    }
}
