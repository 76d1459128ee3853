namespace MoeActors.Bench.Quality;

/// <summary>The command line of the benchmark of quality: [--data FILE] [--fault-every N] [--k K,…] [--levels one,two] [--seeds S,…] [--set KEY=VALUE]….</summary>
internal static class QualityArguments
{
    /// <summary><paramref name="options"/> with one flag's value; throws <see cref="BenchException"/> where it is none.</summary>
    public static QualityOptions With(QualityOptions options, string flag, string value) => flag switch
    {
        "--data" => options with { Data = value },
        "--fault-every" => options with { FaultEvery = Numbers(flag, value)[0] },
        "--k" => options with { K = value == "none" ? [] : Numbers(flag, value) },
        "--seeds" => options with { Seeds = value == "none" ? [] : Numbers(flag, value) },
        "--levels" => options with { Levels = [.. value.Split(',').Select(l => l switch { "one" => 1, "two" => 2, _ => throw new BenchException($"--levels {value}: one, two, or one,two") })] },
        _ => options with { Settings = [.. options.Settings, value] },
    };

    private static int[] Numbers(string flag, string value) =>
        [.. value.Split(',').Select(n => int.TryParse(n, out int number) && number > 0 ? number : throw new BenchException($"{flag} {value}: numbers above 0, separated by commas"))];
}
