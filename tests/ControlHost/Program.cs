using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Verathos.Enclave;
using Verathos.Host.Configuration;
using Verathos.Host.Front;

// A front that leaks on purpose, so that the search for leaks can be seen to find one. A test tells it the prompt in a header
// (the real front has no way to learn it), and it does with it what the first argument says.
string leak = args[0];
await using GrpcEnclave enclave = GrpcEnclave.Connect(args[1]);
List<byte[]> kept = [];
await using FrontServer front = new(
    new NodeConfiguration { Listen = ["http://127.0.0.1:0"], Enclave = "unix:" + args[1] },
    enclave,
    compose: application => application.Use(async (context, next) =>
    {
        if (context.Request.Headers["x-control-prompt"] is [{ } encoded])
        {
            byte[] prompt = Convert.FromHexString(encoded);
            switch (leak)
            {
                case "log":
                    Console.WriteLine(Encoding.UTF8.GetString(prompt));
                    break;
                case "file":
                    await File.WriteAllBytesAsync("leaked.bin", prompt);
                    break;
                case "utf-16":
                    kept.Add(Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(prompt)));
                    break;
                case "hex":
                    Console.WriteLine(Convert.ToHexStringLower(prompt));
                    break;
                case "ids" when context.Request.Headers["x-control-ids"] is [{ } ids]:
                    await File.WriteAllBytesAsync("leaked.bin", Convert.FromHexString(ids));
                    break;
                case "memory":
                    kept.Add(Encoding.ASCII.GetBytes(Convert.ToBase64String([0, .. prompt])));
                    break;
            }
        }

        await next(context);
    }));
await front.StartAsync();
await Console.Error.WriteLineAsync($"listening on {front.Addresses[0].GetLeftPart(UriPartial.Authority)};");
await Task.Delay(Timeout.InfiniteTimeSpan);
GC.KeepAlive(kept);
