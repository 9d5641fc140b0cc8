using SharpFuzz;
using Verathos.Bench.Mutation;
using Verathos.Simulator;

// A target is one parser: any bytes, and no exception. docs/attestation.md says how to run it under AFL++ and libFuzzer.
switch (args)
{
    case ["--list"]:
        foreach (ParserTarget target in ParserTargets.All)
        {
            Console.WriteLine(target.Name);
        }

        return 0;
    case ["--corpus", string folder]:
        WriteCorpus(folder);
        return 0;
    case [string name] when ParserTargets.Find(name) is { } target:
        Fuzzer.OutOfProcess.Run(stream => Feed(target, stream));
        return 0;
    case [string name, "--libfuzzer"] when ParserTargets.Find(name) is { } target:
        Fuzzer.LibFuzzer.Run(bytes => target.Parse(bytes.ToArray()));
        return 0;
    case [string name, "--replay", .. string[] files] when ParserTargets.Find(name) is { } target:
        foreach (string file in files)
        {
            bool parses = target.Parses(File.ReadAllBytes(file), out long steps);
            Console.WriteLine($"{file}: {(parses ? "parses" : "does not parse")}, {steps} steps");
        }

        return 0;
    default:
        Console.Error.WriteLine("usage: fuzz --list | --corpus FOLDER | TARGET [--libfuzzer | --replay FILE...]; without an option TARGET reads standard input, or what AFL++ gives");
        return 64;
}

static void Feed(ParserTarget target, Stream stream)
{
    using MemoryStream bytes = new();
    stream.CopyTo(bytes);
    target.Parse(bytes.ToArray());
}

static void WriteCorpus(string folder)
{
    DirectoryInfo temporary = Directory.CreateTempSubdirectory("verathos-fuzz-");
    try
    {
        using Installation installation = Installation.OpenOrCreate(temporary.FullName);
        foreach ((string name, byte[] seed) in ParserSeeds.From(installation))
        {
            File.WriteAllBytes(Path.Combine(Directory.CreateDirectory(Path.Combine(folder, name)).FullName, "seed"), seed);
        }
    }
    finally
    {
        temporary.Delete(recursive: true);
    }
}
