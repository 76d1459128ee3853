using CsCheck;

using MoeActors.Actors.Cluster;
using MoeActors.Actors.Protocol;

namespace MoeActors.Actors.Tests.Cluster;

public sealed class KnockProofTests
{
    [Fact]
    public void Both_sides_prove_the_secret_to_each_other() => Gen.Select(Gen.String, Gen.Bool).Sample((secret, joins) =>
    {
        Knock knock = KnockProof.Make(secret, joins);
        var answer = new KnockAnswer(null, KnockProof.Answer(knock.Nonce, secret));
        return KnockProof.Check(knock, secret) is null && KnockProof.IsAnswer(answer, knock.Nonce, secret);
    });

    [Fact]
    public void Another_secret_proves_nothing_in_either_direction() => Gen.Select(Gen.String, Gen.String).Where((a, b) => a != b).Sample((mine, theirs) =>
    {
        Knock knock = KnockProof.Make(theirs, joins: true);
        return KnockProof.Check(knock, mine) == "the shared secret differs: give both sides the same cluster.secret"
            && !KnockProof.IsAnswer(new KnockAnswer(null, KnockProof.Answer(knock.Nonce, mine)), knock.Nonce, theirs);
    });

    [Fact]
    public void A_knock_is_no_answer_and_two_knocks_differ()
    {
        Knock one = KnockProof.Make("s", false), two = KnockProof.Make("s", false);
        Assert.False(KnockProof.IsAnswer(new KnockAnswer(null, one.Proof), one.Nonce, "s"));
        Assert.NotEqual(one.Nonce, two.Nonce);
        Assert.NotNull(KnockProof.Check(one with { Nonce = two.Nonce }, "s"));
    }

    [Fact]
    public void The_version_is_told_before_the_secret_is_looked_at() =>
        Assert.Contains($"speaks protocol {ProtocolVersion.Current + 1}", KnockProof.Check(KnockProof.Make("other", true) with { Protocol = ProtocolVersion.Current + 1 }, "s"), StringComparison.Ordinal);

    [Fact]
    public void A_node_must_be_of_the_same_build_and_a_client_need_not()
    {
        Knock node = KnockProof.Make("s", joins: true) with { Build = "x" }, client = KnockProof.Make("s", joins: false) with { Build = "x" };
        Assert.Contains("another build (x,", KnockProof.Check(node, "s"), StringComparison.Ordinal);
        Assert.Null(KnockProof.Check(client, "s"));
        Assert.Null(KnockProof.Check(node, "s", mixedBuilds: true));
    }
}
