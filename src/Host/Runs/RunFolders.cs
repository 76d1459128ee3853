using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Cluster;
using MoeActors.Compute.Data;
using MoeActors.Compute.Models;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Runs;

/// <summary>Makes a run's folder ready: its text, its record, checks of disk and memory.</summary>
internal static class RunFolders
{
    /// <summary>Name of the text that a run without data of its own is trained on.</summary>
    public const string CorpusName = "corpus.txt";

    /// <summary>Creates the folder of a new run and writes its record; returns the record with the data's hashes in it.</summary>
    public static RunSpec Create(MoeSettings settings, string folder)
    {
        if (File.Exists(Path.Combine(folder, RunReports.RecordName)))
        {
            throw new CommandException(ExitCodes.Configuration, $"{folder}: holds a run already; go on with it by `moe resume {folder}`, or choose another --run-dir");
        }

        try
        {
            Directory.CreateDirectory(folder);
            string probe = Path.Combine(folder, ".write-probe");
            File.WriteAllText(probe, "");
            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCodes.Resources, $"{folder}: cannot be written ({e.Message}); choose another --run-dir");
        }

        RunSpec spec = settings.Run;
        if (spec.Data.Paths.Count == 0)
        {
            // A node that is started again must find the same text, whatever is edited meanwhile.
            string corpus = Path.Combine(folder, CorpusName);
            CorpusSnapshot.Write(DefaultCorpus.Files(ProjectFolder.Find()), corpus);
            spec = spec with { Data = spec.Data with { Paths = [corpus] } };
        }

        if (spec.Checkpoint.Location.Length > 0)
        {
            // What is wrong with the object store is said before any process is started.
            using var places = new CheckpointPlaces(settings.Runtime.ObjectStore);
            places.Open(spec, folder).List();
        }

        spec = Resolve(spec);
        if (settings.Runtime.Resources.Check)
        {
            RoomCheck.Disk(spec, folder, settings.Runtime.Resources.DiskReserve);
        }

        File.WriteAllText(Path.Combine(folder, RunReports.RecordName), spec.ToJson());
        return spec;
    }

    /// <summary>Puts another record in the place of a run's, atomically.</summary>
    public static void Replace(string folder, RunSpec spec)
    {
        string path = Path.Combine(folder, RunReports.RecordName), next = $"{path}.tmp";
        using (var stream = new FileStream(next, FileMode.Create, FileAccess.Write))
        {
            stream.Write(System.Text.Encoding.UTF8.GetBytes(spec.ToJson()));
            stream.Flush(flushToDisk: true);
        }

        File.Move(next, path, overwrite: true);
    }

    /// <summary>Opens text and tokenizer once, so that what is wrong with them is said before any process is started; fills in their hashes.</summary>
    public static RunSpec Resolve(RunSpec spec)
    {
        ITokenizer tokenizer = Tokenizers.Open(spec.Data.Tokenizer);
        SpecException.Require(
            spec.Model.Vocabulary >= tokenizer.Vocabulary, "model.vocabulary", spec.Model.Vocabulary, $"at least the tokenizer's {tokenizer.Vocabulary} ids");
        using Corpus corpus = Corpus.Open(spec.Data, tokenizer, spec.Model.Context);
        return spec with { Data = spec.Data with { CorpusHash = corpus.Hash, TokenizerHash = tokenizer.Hash } };
    }

    /// <summary>The record of an existing run.</summary>
    public static RunSpec Read(string folder)
    {
        string path = Path.Combine(folder, RunReports.RecordName);
        return File.Exists(path)
            ? RunSpec.FromJson(File.ReadAllText(path), path)
            : throw new CommandException(ExitCodes.Checkpoint, $"{path}: not found; {folder} is no run directory of `moe train`");
    }

    /// <summary>runs/&lt;time&gt;-&lt;preset&gt; below the current folder.</summary>
    public static string Default(string preset) =>
        Path.GetFullPath(Path.Combine("runs", $"{DateTime.Now:yyyyMMdd-HHmmss}-{Path.GetFileNameWithoutExtension(preset)}"));
}
