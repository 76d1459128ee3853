using MoeActors.Compute.Tensors;

namespace MoeActors.Actors.Faults.Campaigns;

/// <summary>PURE: the faults of a campaign, from its seed and the run alone: the same every time, on every machine.</summary>
public static class CampaignSchedule
{
    /// <summary>Steps at the end of a run in which none begins: it could not be observed before the run is over. Half a second where a step takes a sixtieth of one, as in the preset tiny.</summary>
    public const int QuietSteps = 30;

    /// <summary>The faults in the order of their steps.</summary>
    public static IReadOnlyList<PlannedFault> Of(Campaign campaign, CampaignRun run)
    {
        var faults = new List<PlannedFault>(campaign.Script);
        string[] nodes = [.. run.Nodes.Where(n => campaign.Nodes.Count == 0 || campaign.Nodes.Contains(n))];
        var random = new Draw((ulong)campaign.Seed);
        double at = campaign.FirstStep;
        for (int n = 0; n < campaign.Count && campaign.Kinds.Count > 0; n++)
        {
            at += n == 0 ? 0 : Math.Max(1, -campaign.MeanSteps * Math.Log(1 - random.Unit()));
            CampaignKind kind = campaign.Kinds[random.Below(campaign.Kinds.Count)];
            string target = Target(FaultKinds.Find(kind.Kind)!.Form, nodes, run, ref random);
            if (at > run.Steps - QuietSteps)
            {
                break;
            }

            faults.Add(new PlannedFault((long)at, kind.Kind, target, kind.Parameters, kind.ForMs));
        }

        return [.. faults.OrderBy(f => f.AtStep)];
    }

    private static string Target(TargetForm form, string[] nodes, CampaignRun run, ref Draw random)
    {
        string node = nodes[random.Below(nodes.Length)];
        return form switch
        {
            TargetForm.Node => node,
            TargetForm.Coordinator => "coordinator",
            TargetForm.Rank => $"rank-{random.Below(run.Ranks)}",
            TargetForm.Link => Link(node, run, ref random),
            _ => $"expert-shard-{random.Below(run.MoeLayers)}-{random.Below(run.Ranks)}",
        };
    }

    private static string Link(string node, CampaignRun run, ref Draw random)
    {
        string[] others = [.. run.Nodes.Where(n => n != node)];
        string other = others[random.Below(others.Length)];
        return random.Below(2) == 0 ? $"{node}>{other}" : $"{other}>{node}";
    }

    /// <summary>SplitMix64: a stream of numbers that depends on nothing but its seed.</summary>
    private struct Draw(ulong state)
    {
        private ulong state = state;

        public double Unit() => (Next() >> 11) * (1.0 / (1UL << 53));

        public int Below(int count) => (int)(Unit() * count);

        private ulong Next() => SplitMix64.Finish(state += SplitMix64.Increment);
    }
}
