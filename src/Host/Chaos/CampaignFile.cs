using System.Globalization;

using MoeActors.Actors.Faults;
using MoeActors.Actors.Faults.Campaigns;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Chaos;

/// <summary>A campaign file: the faults, the run they are for, and what its end is compared with.</summary>
/// <param name="Name">Name of the file.</param>
/// <param name="Faults">The faults.</param>
/// <param name="Settings">Settings of the run.</param>
/// <param name="Compares">Whether the same run without faults must end in the same state.</param>
internal sealed record CampaignFile(string Name, Campaign Faults, IReadOnlyList<SettingOverride> Settings, bool Compares)
{
    /// <summary>Steps from which on the run folder is copied and the copy resumed beside it.</summary>
    public IReadOnlyList<long> Copies { get; init; } = [];

    private const string Folder = "hocon/chaos/", Extension = ".conf";

    private static readonly string[] Keys =
    [
        "seed", "compare", "run.preset", "run.steps", "run.nodes", "run.settings", "faults.count", "faults.mean-steps", "faults.first-step", "faults.kinds", "faults.nodes", "script", "copies",
        "limits.max-active", "limits.max-duration",
    ];

    /// <summary>Names of the campaigns that the program brings, ascending.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(CampaignFile).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Folder, StringComparison.Ordinal) && n.EndsWith(Extension, StringComparison.Ordinal))
            .Select(n => n[Folder.Length..^Extension.Length])
            .Order(StringComparer.Ordinal)];

    /// <summary>Reads a campaign of hocon/chaos by its name, or a file; strict: an unknown key is refused.</summary>
    public static CampaignFile Read(string name, string workingFolder)
    {
        if (Names.Contains(name))
        {
            using Stream stream = typeof(CampaignFile).Assembly.GetManifestResourceStream($"{Folder}{name}{Extension}")!;
            using var reader = new StreamReader(stream);
            return Of(SettingsLayer.Parse(reader.ReadToEnd(), $"{Folder}{name}{Extension}", workingFolder), name);
        }

        if (!name.Contains('/', StringComparison.Ordinal) && !name.EndsWith(Extension, StringComparison.Ordinal))
        {
            string hint = Suggestions.Nearest(name, Names) is { } near ? $"did you mean {near}? " : "";
            throw new SettingsException($"unknown campaign {name}; {hint}There are {string.Join(", ", Names)}, or the path of a file like hocon/chaos/mixed.conf");
        }

        return Of(SettingsLayer.Read(name, workingFolder), Path.GetFileNameWithoutExtension(name));
    }

    /// <summary>The campaign in a file's values.</summary>
    public static CampaignFile Of(SettingsLayer file, string name)
    {
        new KnownKeys(Keys).Check(file);
        var r = new SettingsReader(Keys.ToDictionary(
            k => k, k => file.Values.GetValueOrDefault(k) ?? new SettingValue(Default(k), k is "run.settings" or "faults.kinds" or "faults.nodes" or "script" or "copies" ? [] : null, file.Origin, "")));
        int most = r.Whole("limits.max-active", 1, 100);
        TimeSpan longest = r.Duration("limits.max-duration");
        long steps = r.Whole("run.steps", CampaignSchedule.QuietSteps + 1);
        var campaign = new Campaign
        {
            Seed = r.Whole("seed"),
            Count = r.Whole("faults.count", 0, 1000),
            MeanSteps = r.Number("faults.mean-steps", 0.1),
            FirstStep = r.Whole("faults.first-step", 0),
            Kinds = [.. r.List("faults.kinds").Select(k => Kind(r, "faults.kinds", k, longest))],
            Nodes = r.List("faults.nodes"),
            Script = [.. r.List("script").Select(line => Planned(r, line, longest, steps))],
            MaxActive = most,
            MaxDuration = longest,
        };
        bool compares = r.Choice("compare", ("undisturbed", true), ("none", false));
        if (campaign.Count > 0 && campaign.Kinds.Count == 0)
        {
            throw r.Wrong("faults.kinds", "kinds to draw from: faults.count is above 0");
        }

        if (compares && campaign.Kinds.Select(k => k.Kind).Concat(campaign.Script.Select(p => p.Kind)).FirstOrDefault(k => !FaultKinds.Find(k)!.KeepsResult) is { } changes)
        {
            throw r.Wrong("compare", $"none: {changes} changes what the run computes");
        }

        var settings = new List<SettingOverride>
        {
            new("preset", [r.Text("run.preset")], file.Origin),
            new("training.steps", [r.Text("run.steps")], file.Origin),
            new("nodes", [r.Text("run.nodes")], file.Origin),
            new("faults.max-active", [r.Text("limits.max-active")], file.Origin),
            new("faults.max-duration", [r.Text("limits.max-duration")], file.Origin),
        };
        settings.AddRange(r.List("run.settings").Select(SettingOverride.Parse));
        return new CampaignFile(name, campaign, settings, compares) { Copies = [.. r.List("copies").Select(text => CopyStep(r, text, steps))] };
    }

    private static long CopyStep(SettingsReader r, string text, long steps) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long step) && step <= steps - CampaignSchedule.QuietSteps
            ? step
            : throw new SettingsException($"{r.Origin("copies")}: copies: '{text}': expected steps up to {steps - CampaignSchedule.QuietSteps}");

    private static string Default(string key) => key switch
    {
        "seed" => "1",
        "compare" => "undisturbed",
        "run.preset" => "tiny",
        "run.steps" => "60",
        "run.nodes" => "3",
        "faults.count" => "0",
        "faults.mean-steps" => "10",
        "faults.first-step" => "5",
        "limits.max-active" => "1",
        "limits.max-duration" => "10 s",
        _ => "",
    };

    /// <summary>"stop-process for=2s", "link-delay for=3s ms=20".</summary>
    private static CampaignKind Kind(SettingsReader r, string key, string text, TimeSpan longest)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string[] parameters = [.. words.Skip(1).Where(w => !w.StartsWith("for=", StringComparison.Ordinal))];
        string? length = words.FirstOrDefault(w => w.StartsWith("for=", StringComparison.Ordinal))?["for=".Length..];
        TimeSpan time = TimeSpan.Zero;
        if (words.Length == 0 || FaultKinds.Find(words[0]) is not { } kind)
        {
            throw new SettingsException($"{r.Origin(key)}: {key}: '{text}': expected a kind of `moe fault list`, then for=TIME and its parameters, separated by spaces");
        }

        if (length is not null && !Quantities.TryDuration(length, out time))
        {
            throw new SettingsException($"{r.Origin(key)}: {key}: '{text}': expected for=TIME with a duration such as 500ms or 5s");
        }

        return FaultRules.Shape(kind, parameters, (long)time.TotalMilliseconds, longest) is { } wrong
            ? throw new SettingsException($"{r.Origin(key)}: {key}: '{text}': {wrong}")
            : new CampaignKind(kind.Name, parameters, (long)time.TotalMilliseconds);
    }

    /// <summary>"20 kill-process node-2", "25 partition node-1=node-2 for=2s".</summary>
    private static PlannedFault Planned(SettingsReader r, string line, TimeSpan longest, long steps)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 3 || !long.TryParse(words[0], NumberStyles.None, CultureInfo.InvariantCulture, out long step) || step > steps - CampaignSchedule.QuietSteps)
        {
            throw new SettingsException($"{r.Origin("script")}: script: '{line}': expected STEP KIND TARGET [for=TIME] [NAME=VALUE…] with a step up to {steps - CampaignSchedule.QuietSteps}");
        }

        CampaignKind kind = Kind(r, "script", string.Join(' ', words.Skip(3).Prepend(words[1])), longest);
        return new PlannedFault(step, kind.Kind, words[2], kind.Parameters, kind.ForMs);
    }
}
