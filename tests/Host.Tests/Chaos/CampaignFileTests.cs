using MoeActors.Actors.Faults.Campaigns;
using MoeActors.Host.Chaos;
using MoeActors.Host.Configuration;

namespace MoeActors.Host.Tests.Chaos;

public sealed class CampaignFileTests
{
    [Fact]
    public void The_campaigns_that_come_with_the_program_are_sound()
    {
        Assert.Equal(["actors", "copies", "links", "memory", "mixed"], CampaignFile.Names);
        foreach (string name in CampaignFile.Names)
        {
            CampaignFile file = CampaignFile.Read(name, "/");
            MoeSettings settings = SettingsLoader.Load(new SettingsRequest { Overrides = file.Settings });
            var run = new CampaignRun(
                settings.Run.Training.Steps, [.. Enumerable.Range(1, settings.Run.Nodes).Select(n => $"node-{n}")], settings.Run.Layout.Ranks, settings.Run.Model.MoeLayers().Count);
            Assert.InRange(CampaignSchedule.Of(file.Faults, run).Count, 5, 10);
            Assert.True(file.Compares);
        }
    }

    [Theory]
    [InlineData("sed = 2", "unknown key sed; did you mean seed?")]
    [InlineData("faults.kinds = [\"kil-process\"]", "expected a kind of `moe fault list`")]
    [InlineData("faults.kinds = [\"stop-process\"]", "say for how long")]
    [InlineData("faults.kinds = [\"stop-process for=1h\"]", "longer than faults.max-duration")]
    [InlineData("faults.kinds = [\"link-drop for=1s much=2\"]", "takes probability=")]
    [InlineData("faults.count = 3", "faults.count is above 0")]
    [InlineData("script = [\"20 kill-process\"]", "expected STEP KIND TARGET")]
    [InlineData("script = [\"59 kill-process node-2\"]", "a step up to 30")]
    [InlineData("script = [\"20 nan-gradient expert-shard-0-0\"]", "changes what the run computes")]
    [InlineData("copies = [31]", "copies: '31': expected steps up to 30")]
    [InlineData("compare = same", "one of undisturbed, none")]
    public void A_mistake_is_named_with_what_was_expected(string text, string said)
    {
        SettingsException e = Assert.Throws<SettingsException>(() => CampaignFile.Of(SettingsLayer.Parse(text, "c.conf", "/"), "c"));
        Assert.StartsWith("c.conf: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(said, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_name_is_answered_with_those_there_are()
    {
        SettingsException e = Assert.Throws<SettingsException>(() => CampaignFile.Read("mixd", "/"));
        Assert.Contains("did you mean mixed?", e.Message, StringComparison.Ordinal);
    }
}
