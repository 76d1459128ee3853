namespace MoeActors.Bench.Versus;

/// <summary>What the comparison of two builds measures.</summary>
internal sealed record VersusOptions
{
    /// <summary>The other build: the folder of its clone, in which `./moe` was built, or its MoeActors.Host.dll. Empty: none was named.</summary>
    public string Against { get; init; } = "";

    /// <summary>Preset that both train.</summary>
    public string Preset { get; init; } = "tiny";

    /// <summary>Steps measured in each run.</summary>
    public int Steps { get; init; } = 200;

    /// <summary>kill -9 of a node in each build's run; 0 = none.</summary>
    public int Kills { get; init; } = 30;

    /// <summary>The other build's program; throws <see cref="BenchException"/> where it is not.</summary>
    public string Program
    {
        get
        {
            string dll = Directory.Exists(Against) ? Path.Combine(Against, ".moe", "app", "MoeActors.Host.dll") : Against;
            return dll.Length > 0 && File.Exists(dll)
                ? dll
                : throw new BenchException($"--against {(Against.Length == 0 ? "is missing" : $"{Against}: no build is there")}; expected the folder of a clone in which `./moe --version` has built the other commit");
        }
    }
}
