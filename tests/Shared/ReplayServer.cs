using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Verathos.Testing;

/// <summary>
/// A server on loopback that gives stored answers, well or badly: every byte of an answer, and when it comes, is the test's. One request
/// a connection.
/// </summary>
internal sealed class ReplayServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, Func<Request, NetworkStream, CancellationToken, Task>> _answers = new();
    private readonly Task _accepting;

    public ReplayServer()
    {
        _listener.Start();
        Address = new Uri($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");
        _accepting = AcceptAsync();
    }

    public Uri Address { get; }

    public ConcurrentQueue<Request> Requests { get; } = new();

    public IEnumerable<string> Targets => Requests.Select(request => request.Target);

    /// <summary>A whole, honest answer.</summary>
    public static byte[] Ok(ReadOnlySpan<byte> body, params (string Name, string Value)[] headers) => Whole(200, body, headers);

    public static byte[] Whole(int status, ReadOnlySpan<byte> body, params (string Name, string Value)[] headers)
    {
        StringBuilder head = new();
        head.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} X\r\nContent-Length: {body.Length}\r\nConnection: close\r\n");
        foreach ((string name, string value) in headers)
        {
            head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        }

        return [.. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), .. body];
    }

    /// <summary>Answers a path with its query, or a path alone, by bytes.</summary>
    public void Reply(string target, byte[] answer) => Play(target, (_, stream, token) => stream.WriteAsync(answer, token).AsTask());

    /// <summary>Answers one after another; the last one stays.</summary>
    public void Sequence(string target, params byte[][] answers)
    {
        int next = 0;
        Play(target, (_, stream, token) => stream.WriteAsync(answers[Math.Min(Interlocked.Increment(ref next) - 1, answers.Length - 1)], token).AsTask());
    }

    /// <summary>Answers by a script, which may do what it likes with the connection.</summary>
    public void Play(string target, Func<Request, NetworkStream, CancellationToken, Task> script) => _answers[target] = script;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        List<Task> open = [];
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                break;
            }
        }

        await Task.WhenAll(open);
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                if (await ReadAsync(stream) is not { } request)
                {
                    return;
                }

                Requests.Enqueue(request);
                string path = request.Target.Split('?')[0];
                if (_answers.TryGetValue(request.Target, out Func<Request, NetworkStream, CancellationToken, Task>? script) || _answers.TryGetValue(path, out script))
                {
                    await script(request, stream, _stop.Token);
                }
                else
                {
                    await stream.WriteAsync(Whole(404, "no such thing"u8), _stop.Token);
                }

                // The end of what is said, before the connection goes, so that no unread byte turns it into a reset.
                client.Client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The other side had enough, or the test is over.
            }
        }
    }

    private async Task<Request?> ReadAsync(NetworkStream stream)
    {
        List<byte> received = [];
        byte[] buffer = new byte[4096];
        int head;
        while ((head = CollectionsIndex(received)) < 0)
        {
            int count = await stream.ReadAsync(buffer, _stop.Token);
            if (count == 0)
            {
                return null;
            }

            received.AddRange(buffer.AsSpan(0, count));
        }

        string[] lines = Encoding.Latin1.GetString([.. received[..head]]).Split("\r\n");
        string? length = lines.FirstOrDefault(line => line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))?.Split(':')[1];
        int end = head + 4 + (length is null ? 0 : int.Parse(length, CultureInfo.InvariantCulture));
        while (received.Count < end)
        {
            int count = await stream.ReadAsync(buffer, _stop.Token);
            if (count == 0)
            {
                return null;
            }

            received.AddRange(buffer.AsSpan(0, count));
        }

        string[] first = lines[0].Split(' ');
        return new Request(first[0], first[1], lines[1..], [.. received[(head + 4)..end]]);
    }

    private static int CollectionsIndex(List<byte> bytes) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes).IndexOf("\r\n\r\n"u8);

    public sealed record Request(string Method, string Target, string[] Headers, byte[] Body);
}
