using MoeActors.Actors.Checkpointing;
using MoeActors.Actors.Node;
using MoeActors.Compute.Data;
using MoeActors.Compute.Files;
using MoeActors.Compute.Specs;
using MoeActors.Host.Commands;
using MoeActors.Host.Configuration;
using MoeActors.Host.Reports;

namespace MoeActors.Host.Runs;

/// <summary>Makes a run's folder ready: its text, its record, checks of disk and memory.</summary>
internal static class RunFolders
{
    /// <summary>Name of the text that a run without data of its own is trained on.</summary>
    public const string CorpusName = "corpus.txt";

    /// <summary>Digits of the run's id in the name of a folder that nobody has named: starts of the same second get folders of their own.</summary>
    private const int IdDigits = 6;

    /// <summary>Makes a claimed folder that of a new run and writes its record; returns the record with the data's hashes in it.</summary>
    public static RunSpec Create(MoeSettings settings, RunFolderClaim claim)
    {
        string folder = claim.Folder;
        RunSpec spec = settings.Run;
        if (spec.Data.Paths.Count == 0)
        {
            // A node that is started again must find the same text, whatever is edited meanwhile.
            if (File.Exists(Path.Combine(folder, CorpusName)))
            {
                throw new CommandException(ExitCodes.Configuration, $"{folder}: holds a {CorpusName} that no run has recorded; name it by --data, remove it, or choose another --run-dir");
            }

            string corpus = claim.Writing(CorpusName);
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

        claim.Writing(RunReports.RecordName);
        Replace(folder, spec);
        claim.Keep();
        return spec;
    }

    /// <summary>Puts another record in the place of a run's, atomically. What lies below the folder is named from there: the folder may be moved.</summary>
    public static void Replace(string folder, RunSpec spec) =>
        PrivateFiles.Replace(Path.Combine(folder, RunReports.RecordName), RunPaths.ToRecord(spec, folder).ToJson());

    /// <summary>Opens text and tokenizer once, so that what is wrong with them is said before any process is started; fills in their hashes.</summary>
    public static RunSpec Resolve(RunSpec spec)
    {
        ITokenizer tokenizer = Tokenizers.Open(spec.Data.TokenizerPlace);
        SpecException.Require(
            spec.Model.Vocabulary >= tokenizer.Vocabulary, "model.vocabulary", spec.Model.Vocabulary, $"at least the tokenizer's {tokenizer.Vocabulary} ids");
        using Corpus corpus = Corpus.Open(spec.Data, tokenizer, spec.Model.Context);
        return spec with { Data = spec.Data with { CorpusHash = corpus.Hash, TokenizerHash = tokenizer.Hash } };
    }

    /// <summary>The record of an existing run, its paths absolute.</summary>
    public static RunSpec Read(string folder)
    {
        string path = Path.Combine(folder, RunReports.RecordName);
        return File.Exists(path)
            ? RunPaths.FromRecord(RunSpec.FromJson(File.ReadAllText(path), path), folder)
            : throw new CommandException(ExitCodes.Checkpoint, $"{path}: not found; {folder} is no run directory of `moe train`");
    }

    /// <summary>
    /// Before an existing run goes on: where text or tokenizer were named anew they must have the recorded content, and the record then names their new place; else they must still be
    /// where the record says.
    /// </summary>
    /// <param name="folder">The run's folder, whose lock this command has.</param>
    /// <param name="recorded">Its record.</param>
    /// <param name="spec">The run as it is to go on.</param>
    public static void Locate(string folder, RunSpec recorded, RunSpec spec)
    {
        if (recorded.Data.Paths.SequenceEqual(spec.Data.Paths) && recorded.Data.TokenizerPlace == spec.Data.TokenizerPlace)
        {
            RunPaths.DemandThere(spec);
            return;
        }

        Resolve(spec);
        Replace(folder, recorded with { Data = spec.Data });
    }

    /// <summary>runs/&lt;time&gt;-&lt;preset&gt;-&lt;id&gt; below the current folder.</summary>
    /// <param name="preset">What the run is named after.</param>
    /// <param name="id">Its id.</param>
    public static string Default(string preset, string id) =>
        Path.GetFullPath(Path.Combine("runs", $"{DateTime.Now:yyyyMMdd-HHmmss}-{Path.GetFileNameWithoutExtension(preset)}-{id[..IdDigits]}"));
}
