using MoeActors.Compute.Specs;

namespace MoeActors.Host.Configuration;

/// <summary>
/// Loads settings by layers: hocon/moe.conf, the preset, the blocks, a file, the command line; later ones win. Strict: unknown keys, wrong types
/// and settings that cannot be are refused in one sentence.
/// </summary>
internal static class SettingsLoader
{
    /// <summary>Settings of a new run, or of a node.</summary>
    public static MoeSettings Load(SettingsRequest request)
    {
        (Dictionary<string, SettingValue> merged, string preset, _) = Merge(request, _ => true, "");
        var reader = new SettingsReader(merged);
        (RunSpec run, RuntimeSettings runtime) = Read(reader, request);
        bool layoutChosen = request.Overrides.Any(o => IsLayout(o.Key)) || merged.Any(v => IsLayout(v.Key) && v.Value.Origin == request.ConfigFile);
        (run, string? note) = LayoutGrowth.Apply(run, layoutChosen);
        Named(reader, run.Validate);
        Named(reader, () => SoundTraining.Require(run));
        Named(reader, () => RoutingReader.Require(run.Model));
        if (runtime.RunDirectory is { } folder && run.Data.Paths.Any(p => Path.TrimEndingDirectorySeparator(p) == Path.TrimEndingDirectorySeparator(folder)))
        {
            throw reader.Wrong("run-dir", "another folder than data.paths: what a run writes is no text to train on");
        }

        return new MoeSettings(run, runtime, preset, merged, note is null ? [] : [note]);
    }

    /// <summary>Settings for going on with a run: its record stays as it is, but for the number of nodes, the places of text and tokenizer, and steps it is to have more.</summary>
    /// <param name="request">File and command line; they may not touch the record's sections.</param>
    /// <param name="recorded">The record.</param>
    /// <param name="source">Its file, for messages.</param>
    public static MoeSettings LoadForRun(SettingsRequest request, RunSpec recorded, string source)
    {
        (Dictionary<string, SettingValue> merged, string preset, IReadOnlyCollection<string> given) = Merge(request, key => RunSpecReader.MayChange(key) || RunSpecReader.IsPlace(key), source);
        var reader = new SettingsReader(merged);
        RuntimeSettings runtime = Read(reader, request).Runtime;
        RunSpec run = RunSpecReader.Longer(reader, recorded, given) with { Nodes = Asked(reader, "nodes") ? reader.Whole("nodes", 0, LogicalLayout.MostRanks) : recorded.Nodes, Data = Places(reader, recorded.Data) };
        Named(reader, run.Validate);
        Named(reader, () => RoutingReader.Require(run.Model));
        return new MoeSettings(run, runtime, preset, merged, []);
    }

    private static bool Asked(SettingsReader reader, string key) => reader.Origin(key) is { } origin && origin != "hocon/moe.conf";

    /// <summary>Text and tokenizer are known by their content: where they lie may be said anew.</summary>
    private static DataSpec Places(SettingsReader reader, DataSpec recorded)
    {
        bool moved = Asked(reader, "data.tokenizer");
        if (moved && (recorded.Tokenizer == "bytes") != (reader.Name("data.tokenizer") == "bytes"))
        {
            throw reader.Wrong("data.tokenizer", $"{(recorded.Tokenizer == "bytes" ? "bytes" : "a folder")}: the run was begun with it");
        }

        string? tokenizer = moved && recorded.Tokenizer != "bytes" ? reader.PathOrNull("data.tokenizer") : recorded.TokenizerPlace;
        return recorded with
        {
            Paths = Asked(reader, "data.paths") ? reader.Paths("data.paths") : recorded.Paths,
            TokenizerMoved = tokenizer == recorded.Tokenizer ? null : tokenizer,
        };
    }

    private static (RunSpec Run, RuntimeSettings Runtime) Read(SettingsReader reader, SettingsRequest request)
    {
        RuntimeSettings runtime = RuntimeSettings.Read(reader);
        bool bfloat16 = runtime.Device == DeviceChoice.Cuda || request.BFloat16;
        return (RunSpecReader.Read(reader, RunIds.New(), bfloat16), runtime);
    }

    private static (Dictionary<string, SettingValue> Values, string Preset, IReadOnlyCollection<string> Given) Merge(SettingsRequest request, Func<string, bool> mayChange, string source)
    {
        SettingsLayer reference = Presets.Reference(request.WorkingFolder);
        SettingsLayer? file = request.ConfigFile is null ? null : SettingsLayer.Read(request.ConfigFile, request.WorkingFolder, request.ConfigIsWritten ? SettingsLayer.NoEnvironment : null);
        SettingsLayer flags = SettingsLayer.From(request.Overrides, request.WorkingFolder);
        var known = new KnownKeys(reference.Values.Keys);
        SettingsLayer[] users = file is null ? [flags] : [file, flags];
        foreach (SettingsLayer layer in users)
        {
            known.Check(layer);
            if (layer.Values.FirstOrDefault(v => RunSpecReader.IsRecorded(v.Key) && !mayChange(v.Key)) is { Key: not null } fixedKey)
            {
                throw new SettingsException($"{fixedKey.Value.Origin}: {fixedKey.Key} is fixed by the run's record {source}; expected a new run to change it");
            }
        }

        SettingValue Chosen(string key) => users.Reverse().Append(reference).Select(l => l.Values.GetValueOrDefault(key)).First(v => v is not null)!;
        SettingValue chosen = Chosen("preset"), block = Chosen("block");
        SettingsLayer preset = Presets.Open(chosen.Text, chosen.Origin, chosen.BaseFolder);
        SettingsLayer[] under = block.Text.Length == 0 ? [preset] : [preset, Presets.OpenBlock(block.Text, block.Origin, block.BaseFolder)];
        Array.ForEach(under, known.Check);
        var merged = new Dictionary<string, SettingValue>(reference.Values);
        foreach ((string key, SettingValue value) in under.SelectMany(layer => layer.Values).Concat(Remembered(request)).Concat(users.SelectMany(layer => layer.Values)))
        {
            merged[key] = value;
        }

        return (merged, chosen.Text, [.. users.SelectMany(layer => layer.Values.Keys)]);
    }

    /// <summary>How the run's object store was reached when it was started the last time.</summary>
    private static IEnumerable<KeyValuePair<string, SettingValue>> Remembered(SettingsRequest request)
    {
        string? file = request.RunDirectory is null ? null : Path.Combine(request.RunDirectory, NodeConfig.Name);
        return file is not null && IsReadable(file)
            ? SettingsLayer.Read(file, request.WorkingFolder, SettingsLayer.NoEnvironment).Values.Where(v => v.Key.StartsWith(ObjectStoreSettings.Section, StringComparison.Ordinal))
            : [];
    }

    /// <summary>Another user who may read a run may not read what its nodes were told, secrets among it: whatever needs none goes on without.</summary>
    private static bool IsReadable(string file)
    {
        try
        {
            using FileStream _ = File.OpenRead(file);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // Says in which file a value stands that the record's own validation refuses.
    private static void Named(SettingsReader reader, Action validate)
    {
        try
        {
            validate();
        }
        catch (SpecException e) when (reader.Origin(e.Message.Split(" = ")[0]) is { } origin)
        {
            throw new SettingsException($"{origin}: {e.Message}");
        }
    }

    private static bool IsLayout(string key) => key is "layout.ranks" or "layout.expert-parallel";
}
