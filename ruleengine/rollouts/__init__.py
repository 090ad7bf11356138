"""Rollouts: releases step by step, as pure decisions over Argo's Rollout.

:mod:`ruleengine.rollouts.reconciler` is the entry. It finds or creates the ReplicaSet of a
pod template, moves pods from the stable one to it step by step, and writes the status in
Argo's shape.
"""
