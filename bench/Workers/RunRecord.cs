using MoeActors.Compute.Specs;

namespace MoeActors.Bench.Workers;

/// <summary>The record of a run that a benchmark trains, as a worker beside it uses it.</summary>
internal static class RunRecord
{
    /// <summary>Reads <paramref name="path"/>; texts that the record names from its folder are named absolute.</summary>
    public static RunSpec Read(string path)
    {
        RunSpec spec = RunSpec.FromJson(File.ReadAllText(path), path);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return spec with { Data = spec.Data with { Paths = [.. spec.Data.Paths.Select(p => Path.GetFullPath(p, folder))] } };
    }
}
