using MoeActors.Compute.Data;
using MoeActors.Compute.Specs;

namespace MoeActors.Host.Runs;

/// <summary>
/// The paths in a run's record. What lies below the run folder is recorded from there, so that a folder that is moved or copied is whole; what lies elsewhere is recorded absolute, and may be
/// named anew where it has moved: text and tokenizer are known by their content.
/// </summary>
internal static class RunPaths
{
    /// <summary>The record as it is written.</summary>
    public static RunSpec ToRecord(RunSpec spec, string folder)
    {
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        return spec with { Data = spec.Data with { Paths = [.. spec.Data.Paths.Select(p => p.StartsWith(root, StringComparison.Ordinal) ? p[root.Length..] : p)] } };
    }

    /// <summary>The record as it is used.</summary>
    public static RunSpec FromRecord(RunSpec spec, string folder) => spec with { Data = spec.Data with { Paths = [.. spec.Data.Paths.Select(p => Absolute(p, folder))] } };

    /// <summary>Throws <see cref="CorpusException"/>, with the remedy, where text or tokenizer are not where the record says.</summary>
    public static void DemandThere(RunSpec spec)
    {
        try
        {
            CorpusFiles.DemandThere(spec.Data);
        }
        catch (CorpusException e)
        {
            throw new CorpusException($"{e.Message}; where the run's text has moved, name its place by --data: the same content is taken", e);
        }

        if (spec.Data.TokenizerPlace is var tokenizer && tokenizer != "bytes" && !Directory.Exists(tokenizer))
        {
            throw new CorpusException($"{tokenizer}: no such folder; where the run's tokenizer has moved, name its place by --tokenizer: the same content is taken");
        }
    }

    // Records of earlier builds name the frozen text by the folder's path of then.
    private static string Absolute(string path, string folder)
    {
        string full = Path.GetFullPath(path, folder), frozen = Path.Combine(folder, RunFolders.CorpusName);
        return Path.IsPathRooted(path) && Path.GetFileName(path) == RunFolders.CorpusName && !File.Exists(full) && File.Exists(frozen) ? frozen : full;
    }
}
